#pragma once

#include "adapters/kafka/kafka_config.hpp"
#include "adapters/kafka/topic_admin.hpp"
#include "adapters/kafka/topic_reader.hpp"
#include "logic/core/result.hpp"
#include "logic/dead_letters/dead_letter.hpp"
#include "logic/dead_letters/dead_letter_filter.hpp"
#include "node/lifecycle/exit_code.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

namespace millrace::node {

/// False ends the reading.
using DeadLetterVisitor = std::function<bool(const logic::DeadLetter&)>;

/// The dead-letter topic of a configuration as it was when it was opened:
/// what comes later is not read. Only what is committed is. One thread.
class DeadLetterTopic {
public:
  /// Errors tell an unreachable broker from a missing topic and from a right
  /// that is missing, in a line each.
  static logic::Result<std::unique_ptr<DeadLetterTopic>>
  open(const adapters::kafka::KafkaConfig& kafka,
       std::chrono::milliseconds patience);

  /// The configuration that tools use: what belongs to the node's own
  /// membership is left out.
  const adapters::kafka::KafkaConfig& kafka() const noexcept { return kafka_; }
  const std::string& name() const noexcept { return kafka_.dlq_topic; }
  const adapters::kafka::TopicExtent& extent() const noexcept {
    return extent_;
  }
  adapters::kafka::TopicAdmin& admin() noexcept { return *admin_; }
  std::chrono::milliseconds patience() const noexcept { return patience_; }

  /// What the filter's partitions leave of the extent; `invalid_argument` for
  /// one that the topic does not have.
  logic::Result<adapters::kafka::TopicExtent>
  extent_of(const logic::DeadLetterFilter& filter) const;

  /// Visits all records of these ranges.
  logic::Result<void>
  read(std::span<const adapters::kafka::PartitionExtent> ranges,
       const DeadLetterVisitor& visit,
       const adapters::kafka::StopAsked& stop_asked = {});

private:
  DeadLetterTopic(adapters::kafka::KafkaConfig kafka,
                  std::chrono::milliseconds patience);

  adapters::kafka::KafkaConfig kafka_;
  std::chrono::milliseconds patience_;
  std::unique_ptr<adapters::kafka::TopicAdmin> admin_;
  std::unique_ptr<adapters::kafka::TopicReader> reader_;
  adapters::kafka::TopicExtent extent_;
};

/// Where access lists refuse, the error says which right is missing: `right`
/// as kafka-acls takes it ("--operation Read --topic dlq"). Others stay.
logic::Error with_right(logic::Error error, std::string_view attempted,
                        std::string_view right);

/// The exit code for what ended a command.
ExitCode exit_code_of(const logic::Error& error) noexcept;

} // namespace millrace::node
