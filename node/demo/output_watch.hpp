#pragma once

#include "adapters/kafka/kafka_config.hpp"
#include "adapters/kafka/topic_reader.hpp"
#include "logic/core/ids.hpp"
#include "logic/core/result.hpp"
#include "logic/records/output_members.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace millrace::node::demo {

/// An output that was found anomalous.
struct AnomalyLine {
  std::string user_id;
  std::string rules; ///< "impossible_travel, new_device"
  std::string detail;
};

/// Reads along what the node writes, as any consumer would.
class OutputWatch {
public:
  static logic::Result<std::unique_ptr<OutputWatch>>
  open(const adapters::kafka::KafkaConfig& kafka,
       const logic::OutputMembers& members);

  /// Takes in what came since the last call. Blocks for moments.
  logic::Result<void> poll();

  std::uint64_t outputs() const noexcept { return outputs_; }
  std::uint64_t dead_letters() const noexcept { return dead_letters_; }
  std::uint64_t anomalies() const noexcept { return anomalies_; }
  const std::map<std::string, std::uint64_t>& reasons() const noexcept {
    return reasons_;
  }
  const std::map<std::string, std::uint64_t>& rules() const noexcept {
    return rule_counts_;
  }
  const std::deque<AnomalyLine>& latest() const noexcept { return latest_; }

  /// Whether that rule fired on a login of that user.
  bool fired(const std::string& user_id, std::string_view rule) const;

  /// Up to three output values, an anomalous one among them if there was.
  std::vector<std::string> example_outputs() const;
  /// Up to three dead letters of different reasons: reason, detail, value.
  struct DeadExample {
    std::string reason;
    std::string detail;
    std::string value;
  };
  const std::vector<DeadExample>& example_dead_letters() const noexcept {
    return dead_examples_;
  }

private:
  using Positions = std::map<logic::PartitionId, logic::Offset>;

  OutputWatch(std::unique_ptr<adapters::kafka::TopicReader> reader,
              const adapters::kafka::KafkaConfig& kafka,
              const logic::OutputMembers& members);

  logic::Result<void> read_new(const std::string& topic, Positions& positions,
                               const adapters::kafka::RecordVisitor& visit);
  void take_output(const logic::RecordView& record);
  void take_dead_letter(const logic::RecordView& record);

  std::unique_ptr<adapters::kafka::TopicReader> reader_;
  std::string output_topic_;
  std::string dlq_topic_;
  std::string anomaly_name_; ///< of the member in outputs
  Positions output_positions_;
  Positions dead_positions_;
  std::uint64_t outputs_ = 0;
  std::uint64_t dead_letters_ = 0;
  std::uint64_t anomalies_ = 0;
  std::map<std::string, std::uint64_t> reasons_;
  std::map<std::string, std::uint64_t> rule_counts_;
  std::set<std::pair<std::string, std::string>> fired_; ///< user, rule
  std::deque<AnomalyLine> latest_;
  std::vector<std::string> plain_examples_;
  std::vector<std::string> anomalous_examples_;
  std::vector<DeadExample> dead_examples_;
};

} // namespace millrace::node::demo
