#include "node/dead_letters/dead_letter_topic.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace millrace::node {

namespace {

using adapters::kafka::KafkaConfig;
using adapters::kafka::PartitionExtent;
using adapters::kafka::StopAsked;
using adapters::kafka::TopicAdmin;
using adapters::kafka::TopicExtent;
using adapters::kafka::TopicReader;
using logic::Error;
using logic::ErrorCode;
using logic::Result;

/// Of properties: what makes a member of the node's group, and would let
/// aborted records pass.
constexpr std::array<std::string_view, 4> left_out{
  "group.", "isolation.level", "partition.assignment.", "session."};

KafkaConfig tool_config(KafkaConfig kafka) {
  std::erase_if(kafka.properties, [](const std::string& property) {
    return std::ranges::any_of(left_out, [&](std::string_view beginning) {
      return property.starts_with(beginning);
    });
  });
  kafka.properties.emplace_back("isolation.level=read_committed");
  return kafka;
}

Error may_not_read(const Error& error, const std::string& topic) {
  return with_right(error, "reading topic " + topic,
                    "--operation Read --topic " + topic);
}

} // namespace

Error with_right(Error error, std::string_view attempted,
                 std::string_view right) {
  if (error.code != ErrorCode::unauthorized)
    return error;
  return {error.code, std::string{attempted}
                        + ": this user may not: let it with kafka-acls --add "
                          "--allow-principal User:<name> "
                        + std::string{right}};
}

ExitCode exit_code_of(const Error& error) noexcept {
  return error.code == ErrorCode::invalid_argument ? ExitCode::usage
                                                   : ExitCode::unavailable;
}

DeadLetterTopic::DeadLetterTopic(KafkaConfig kafka,
                                 std::chrono::milliseconds patience)
  : kafka_(tool_config(std::move(kafka))), patience_(patience) {}

Result<std::unique_ptr<DeadLetterTopic>>
DeadLetterTopic::open(const KafkaConfig& kafka,
                      std::chrono::milliseconds patience) {
  std::unique_ptr<DeadLetterTopic> topic{new DeadLetterTopic{kafka, patience}};
  auto admin = TopicAdmin::open(topic->kafka_);
  if (!admin)
    return admin.error();
  topic->admin_ = std::move(*admin);
  if (auto reached = topic->admin_->check_reachable(patience); !reached)
    return reached.error();
  auto reader = TopicReader::open(topic->kafka_);
  if (!reader)
    return reader.error();
  topic->reader_ = std::move(*reader);
  auto extent = topic->reader_->extent(topic->name(), patience);
  if (!extent)
    return may_not_read(extent.error(), topic->name());
  topic->extent_ = std::move(*extent);
  return topic;
}

Result<TopicExtent>
DeadLetterTopic::extent_of(const logic::DeadLetterFilter& filter) const {
  TopicExtent some;
  for (const auto partition : filter.partitions) {
    const auto found = std::ranges::find(extent_, logic::PartitionId{partition},
                                         &PartitionExtent::partition);
    if (found == extent_.end())
      return Error{ErrorCode::invalid_argument,
                   "topic " + name() + " has no partition "
                     + std::to_string(partition) + ": there are "
                     + std::to_string(extent_.size())};
    some.push_back(*found);
  }
  return filter.partitions.empty() ? extent_ : some;
}

Result<void> DeadLetterTopic::read(std::span<const PartitionExtent> ranges,
                                   const DeadLetterVisitor& visit,
                                   const StopAsked& stop_asked) {
  const auto read = reader_->read(
    name(), ranges,
    [&visit](logic::PartitionId partition, const logic::RecordView& record) {
      return visit(logic::read_dead_letter(partition, record));
    },
    patience_, stop_asked);
  if (!read)
    return may_not_read(read.error(), name());
  return {};
}

} // namespace millrace::node
