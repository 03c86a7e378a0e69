#include "node/demo/output_watch.hpp"

#include "logic/records/provenance.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <chrono>
#include <string_view>

namespace millrace::node::demo {

namespace {

constexpr std::chrono::seconds extent_wait{5};
constexpr std::chrono::seconds stall_limit{5};
constexpr std::size_t latest_kept = 5;
constexpr std::size_t examples_kept = 3;

/// A text member, empty where there is none.
std::string text_of(const boost::json::object& object, std::string_view name) {
  const auto* member = object.if_contains(name);
  const auto* text = member != nullptr ? member->if_string() : nullptr;
  return text != nullptr ? std::string{*text} : std::string{};
}

} // namespace

logic::Result<std::unique_ptr<OutputWatch>>
OutputWatch::open(const adapters::kafka::KafkaConfig& kafka,
                  const logic::OutputMembers& members) {
  auto reader = adapters::kafka::TopicReader::open(kafka);
  if (!reader)
    return reader.error();
  return std::unique_ptr<OutputWatch>{
    new OutputWatch(std::move(*reader), kafka, members)};
}

OutputWatch::OutputWatch(std::unique_ptr<adapters::kafka::TopicReader> reader,
                         const adapters::kafka::KafkaConfig& kafka,
                         const logic::OutputMembers& members)
  : reader_(std::move(reader)), output_topic_(kafka.output_topic),
    dlq_topic_(kafka.dlq_topic),
    anomaly_name_(members.name(logic::OutputMember::anomaly)) {}

logic::Result<void> OutputWatch::poll() {
  auto outputs = read_new(
    output_topic_, output_positions_,
    [this](logic::PartitionId, const logic::RecordView& record) {
      take_output(record);
      return true;
    });
  if (!outputs)
    return outputs;
  return read_new(dlq_topic_, dead_positions_,
                  [this](logic::PartitionId, const logic::RecordView& record) {
                    take_dead_letter(record);
                    return true;
                  });
}

logic::Result<void>
OutputWatch::read_new(const std::string& topic, Positions& positions,
                      const adapters::kafka::RecordVisitor& visit) {
  auto extent = reader_->extent(topic, extent_wait);
  if (!extent)
    return extent.error();
  for (auto& range : *extent)
    if (const auto known = positions.find(range.partition);
        known != positions.end())
      range.low = std::max(range.low, known->second);
  std::erase_if(*extent,
                [](const auto& range) { return range.low >= range.high; });
  if (extent->empty())
    return {};
  auto read = reader_->read(topic, *extent, visit, stall_limit);
  if (!read)
    return read.error();
  for (const auto& range : *extent)
    positions[range.partition] = range.high;
  return {};
}

void OutputWatch::take_output(const logic::RecordView& record) {
  ++outputs_;
  const auto value = record.value.value_or(std::string_view{});
  // Parsing every output would cost the demo more than the node's own work.
  if (value.find(R"("rules":[)") == std::string_view::npos) {
    if (plain_examples_.size() < examples_kept)
      plain_examples_.emplace_back(value);
    return;
  }
  const bool anomalous = value.find(R"("anomalous":true)")
                         != std::string_view::npos;
  anomalies_ += anomalous ? 1 : 0;
  boost::system::error_code error;
  const auto parsed = boost::json::parse(value, error);
  if (error || !parsed.is_object())
    return;
  const auto& event = parsed.get_object();
  const auto* anomaly = event.if_contains(anomaly_name_);
  if (anomaly == nullptr || !anomaly->is_object())
    return;
  AnomalyLine line{
    text_of(event, "user_id"), {}, text_of(anomaly->get_object(), "detail")};
  if (const auto* rules = anomaly->get_object().if_contains("rules");
      rules != nullptr && rules->is_array())
    for (const auto& rule : rules->get_array()) {
      const std::string name{rule.as_string()};
      ++rule_counts_[name];
      fired_.emplace(line.user_id, name);
      line.rules += (line.rules.empty() ? "" : ", ") + name;
    }
  if (!anomalous)
    return;
  if (anomalous_examples_.size() < examples_kept && !line.detail.empty())
    anomalous_examples_.emplace_back(value);
  latest_.push_front(std::move(line));
  if (latest_.size() > latest_kept)
    latest_.pop_back();
}

void OutputWatch::take_dead_letter(const logic::RecordView& record) {
  ++dead_letters_;
  const auto note = logic::read_dead_letter_note(record.headers);
  if (!note)
    return;
  const std::string reason{to_string(note->reason)};
  const bool is_new = ++reasons_[reason] == 1;
  if (is_new && dead_examples_.size() < examples_kept)
    dead_examples_.push_back({reason, std::string{note->detail},
                              std::string{record.value.value_or("(null)")}});
}

bool OutputWatch::fired(const std::string& user_id,
                        std::string_view rule) const {
  return fired_.contains({user_id, std::string{rule}});
}

std::vector<std::string> OutputWatch::example_outputs() const {
  auto examples = plain_examples_;
  if (!anomalous_examples_.empty()) {
    examples.resize(std::min(examples.size(), examples_kept - 1));
    examples.push_back(anomalous_examples_.front());
  }
  return examples;
}

} // namespace millrace::node::demo
