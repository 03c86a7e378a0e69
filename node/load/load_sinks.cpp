#include "adapters/kafka/topic_admin.hpp"
#include "adapters/kafka/topic_writer.hpp"
#include "node/load/load_run.hpp"

#include <utility>

namespace millrace::node {

namespace {

using adapters::kafka::KafkaConfig;
using adapters::kafka::TopicAdmin;
using adapters::kafka::TopicWriter;
using logic::Error;
using logic::ErrorCode;
using logic::Result;

class KafkaLoadSink : public LoadSink {
public:
  KafkaLoadSink(std::unique_ptr<TopicWriter> writer,
                std::chrono::milliseconds flush_deadline)
    : writer_(std::move(writer)), flush_deadline_(flush_deadline) {}

  bool write(const Record& record) override {
    return writer_->write({.partition = std::nullopt,
                           .key = record.key,
                           .value = record.value,
                           .headers = {},
                           .timestamp_ms = record.intended_ms});
  }
  void make_room() override { writer_->poll(std::chrono::milliseconds{10}); }
  void poll() override { writer_->poll(std::chrono::milliseconds{0}); }
  Result<void> finish() override { return writer_->flush(flush_deadline_); }
  std::uint64_t delivered() const override {
    return writer_->counts().delivered;
  }
  std::uint64_t failed() const override { return writer_->counts().failed; }
  bool broken() const override { return false; }

private:
  std::unique_ptr<TopicWriter> writer_;
  std::chrono::milliseconds flush_deadline_;
};

class LineSink : public LoadSink {
public:
  explicit LineSink(std::ostream& out) : out_(out) {}

  bool write(const Record& record) override {
    out_ << record.value.value_or("") << '\n';
    if (!out_)
      return false;
    ++written_;
    return true;
  }
  void make_room() override {}
  void poll() override { out_.flush(); }
  Result<void> finish() override {
    out_.flush();
    if (!out_)
      return Error{ErrorCode::io_failed, "cannot write the lines: is the "
                                         "reader gone or the disk full?"};
    return {};
  }
  std::uint64_t delivered() const override { return written_; }
  std::uint64_t failed() const override { return 0; }
  bool broken() const override { return !out_; }

private:
  std::ostream& out_;
  std::uint64_t written_ = 0;
};

/// Creates the topic if `kafka.create_topics` says how.
Result<void> create_topic(TopicAdmin& admin, const KafkaConfig& kafka,
                          const LoadOptions& options, const Error& missing) {
  for (const auto& text : kafka.create_topics) {
    const auto spec = adapters::kafka::parse_topic_spec(text);
    if (!spec || spec->name != kafka.input_topic)
      continue;
    auto created = admin.create({&*spec, 1}, options.reach_deadline);
    if (!created)
      return created.error();
    return {};
  }
  return Error{missing.code, missing.text
                               + ": create it, or name it in "
                                 "kafka.create_topics"};
}

} // namespace

Result<std::unique_ptr<LoadSink>> open_kafka_sink(const KafkaConfig& kafka,
                                                  const LoadOptions& options) {
  auto admin = TopicAdmin::open(kafka);
  if (!admin)
    return admin.error();
  const auto topic = (*admin)->topic(kafka.input_topic, options.reach_deadline);
  if (!topic && topic.error().code != ErrorCode::not_found)
    return topic.error();
  if (!topic)
    if (auto made = create_topic(**admin, kafka, options, topic.error()); !made)
      return made.error();
  auto writer = TopicWriter::open(kafka, kafka.input_topic);
  if (!writer)
    return writer.error();
  return std::unique_ptr<LoadSink>{std::make_unique<KafkaLoadSink>(
    std::move(*writer), options.flush_deadline)};
}

std::unique_ptr<LoadSink> make_line_sink(std::ostream& out) {
  return std::make_unique<LineSink>(out);
}

} // namespace millrace::node
