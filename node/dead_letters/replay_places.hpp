#pragma once

#include "adapters/kafka/group_places.hpp"
#include "adapters/kafka/topic_reader.hpp"
#include "logic/core/result.hpp"
#include "logic/dead_letters/replay_criteria.hpp"
#include "logic/dead_letters/replay_mark.hpp"
#include "node/dead_letters/dead_letter_topic.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace millrace::node {

/// How far the replays of a group are, in the group's committed offsets (see
/// logic::ReplayMark). One thread.
class ReplayPlaces {
public:
  /// Reads what is committed and decides where each partition of `extent` goes
  /// on; with `again` at its begin, whatever was committed.
  static logic::Result<std::unique_ptr<ReplayPlaces>>
  open(const DeadLetterTopic& topic, const adapters::kafka::TopicExtent& extent,
       const std::string& group, const logic::ReplayCriteria& criteria,
       bool again);

  /// What is left to look at.
  const adapters::kafka::TopicExtent& ranges() const noexcept {
    return ranges_;
  }

  /// Whether an earlier run has sent this dead letter to the same place.
  bool was_sent(const logic::DeadLetter& letter) const;

  /// A sentence each about what was found.
  const std::vector<std::string>& warnings() const noexcept {
    return warnings_;
  }

  /// Commits that all before these places is done; `open` while the run is at
  /// work. `fenced` where somebody else committed since.
  logic::Result<void>
  commit(const std::map<logic::PartitionId, logic::Offset>& places, bool open);

private:
  ReplayPlaces() = default;

  void begin(const adapters::kafka::PartitionExtent& extent,
             const adapters::kafka::GroupPlaces& committed, bool again);
  logic::Result<void> check_room() const;
  logic::Result<adapters::kafka::GroupPlaces> ask();

  std::unique_ptr<adapters::kafka::PlaceKeeper> keeper_;
  std::string topic_;
  std::string group_;
  std::chrono::milliseconds patience_{};
  logic::ReplayCriteria criteria_;
  adapters::kafka::TopicExtent ranges_;
  std::map<logic::PartitionId, logic::ReplayMark> marks_;
  adapters::kafka::GroupPlaces known_; ///< what is committed, as far as we know
  std::vector<std::string> warnings_;
};

} // namespace millrace::node
