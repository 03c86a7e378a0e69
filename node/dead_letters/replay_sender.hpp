#pragma once

#include "adapters/kafka/kafka_config.hpp"
#include "adapters/kafka/topic_writer.hpp"
#include "logic/core/result.hpp"
#include "logic/dead_letters/dead_letter.hpp"
#include "logic/dead_letters/replayed_record.hpp"
#include "node/lifecycle/stop_waiter.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::node {

/// A topic that dead letters go back to.
struct ReplayTarget {
  std::int32_t partitions = 0;
  std::uint64_t records = 0;
  std::size_t largest_bytes = 0; ///< of one record
};

using ReplayTargets = std::map<std::string, ReplayTarget, std::less<>>;

/// What became of what was sent.
struct ReplayCounts {
  std::uint64_t sent = 0;
  std::uint64_t delivered = 0;
  std::uint64_t retimed = 0; ///< of these: with the present time
  std::uint64_t refused = 0; ///< for good, by the topic
};

/// Sends dead letters back, a window at a time: while one is under way nothing
/// of the next is, so that what a topic refuses can be sent again in its
/// order. One thread.
class ReplaySender {
public:
  /// How many records a window has, and so how many come twice at most where
  /// the process is killed.
  static constexpr std::size_t window_records = 1'000;
  static constexpr std::size_t window_bytes = 16U << 20U;

  /// Called once for each record that is delivered or refused for good; the
  /// error of the latter.
  using Done = std::function<void(logic::PartitionId, logic::Offset,
                                  const std::string& error)>;

  /// `patience` is with brokers that confirm nothing.
  static logic::Result<std::unique_ptr<ReplaySender>>
  open(const adapters::kafka::KafkaConfig& kafka, const ReplayTargets& targets,
       std::chrono::milliseconds patience, Done done);

  /// Hands the record to its client; the letter is copied.
  void send(const logic::DeadLetter& letter, std::string_view topic);

  /// Whether the window should be settled before more is sent.
  bool is_full() const noexcept;
  bool empty() const noexcept { return window_.empty(); }

  /// Waits until all of the window is done. An error where some of it is not:
  /// nobody answered for so long, or `stop` asked and `grace` passed.
  logic::Result<void> settle(const StopWaiter& stop);

  const ReplayCounts& counts() const noexcept { return counts_; }

private:
  struct Target {
    std::unique_ptr<adapters::kafka::TopicWriter> writer;
    std::string name;
    std::int32_t partitions = 0;
  };

  struct UnderWay {
    Target* target = nullptr;
    logic::PartitionId partition; ///< of the dead letters
    logic::Offset offset;
    std::optional<logic::PartitionId> to;
    logic::ReplayedRecord record;
    bool done = false;
    std::optional<logic::DeliveryFault> fault; ///< of the last try
    std::string error;
  };

  ReplaySender(std::chrono::milliseconds patience, Done done)
    : patience_(patience), done_(std::move(done)) {}

  void write(std::size_t index);
  logic::Result<void> await(std::size_t expected, const StopWaiter& stop);
  logic::Result<void> send_again(std::size_t index, const StopWaiter& stop);
  void finish(UnderWay& record);
  logic::Error silence(std::size_t expected) const;

  std::chrono::milliseconds patience_;
  Done done_;
  std::map<std::string, Target, std::less<>> targets_;
  std::vector<UnderWay> window_;
  std::size_t bytes_ = 0;
  ReplayCounts counts_;
};

} // namespace millrace::node
