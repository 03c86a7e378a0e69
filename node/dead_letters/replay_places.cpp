#include "node/dead_letters/replay_places.hpp"

#include "adapters/kafka/user_rights.hpp"
#include "node/dead_letters/replay_sender.hpp"

#include <algorithm>
#include <utility>

namespace millrace::node {

namespace {

using adapters::kafka::GroupPlace;
using adapters::kafka::GroupPlaces;
using adapters::kafka::PartitionExtent;
using adapters::kafka::PlaceKeeper;
using adapters::kafka::TopicExtent;
using adapters::kafka::UserRights;
using logic::Error;
using logic::ErrorCode;
using logic::Offset;
using logic::PartitionId;
using logic::ReplayMark;
using logic::Result;

Error may_not_commit(const Error& error, const std::string& group) {
  return with_right(error, "keeping the places of group " + group,
                    "--operation Read --group " + group);
}

} // namespace

Result<std::unique_ptr<ReplayPlaces>>
ReplayPlaces::open(const DeadLetterTopic& topic, const TopicExtent& extent,
                   const std::string& group,
                   const logic::ReplayCriteria& criteria, bool again) {
  std::unique_ptr<ReplayPlaces> places{new ReplayPlaces};
  places->topic_ = topic.name();
  places->group_ = group;
  places->patience_ = topic.patience();
  places->criteria_ = criteria;
  places->ranges_ = extent;
  // The question for offsets would be asked until its time is over.
  auto rights = UserRights::open(topic.kafka());
  if (!rights)
    return rights.error();
  if (auto allowed = (*rights)->check_group(group, topic.patience()); !allowed)
    return may_not_commit(allowed.error(), group);
  auto keeper = PlaceKeeper::open(topic.kafka(), group);
  if (!keeper)
    return keeper.error();
  places->keeper_ = std::move(*keeper);
  auto committed = places->ask();
  if (!committed)
    return committed.error();
  places->known_ = std::move(*committed);
  places->ranges_.clear();
  for (const auto& range : extent)
    places->begin(range, places->known_, again);
  if (auto room = places->check_room(); !room)
    return room.error();
  return places;
}

Result<GroupPlaces> ReplayPlaces::ask() {
  std::vector<PartitionId> partitions;
  for (const auto& range : ranges_)
    partitions.push_back(range.partition);
  auto places = keeper_->places(topic_, partitions, patience_);
  if (!places)
    return may_not_commit(places.error(), group_);
  return places;
}

void ReplayPlaces::begin(const PartitionExtent& extent,
                         const GroupPlaces& committed, bool again) {
  const auto name = "partition " + std::to_string(extent.partition.value);
  ReplayMark mark;
  auto range = extent;
  if (const auto found = committed.find(extent.partition);
      found != committed.end() && !again) {
    const auto& place = found->second;
    const auto read = ReplayMark::parse(place.metadata);
    mark = read.value_or(ReplayMark{});
    if (!read) // of somebody else, as kafka-consumer-groups --reset-offsets
      mark.set_place(criteria_, place.offset);
    if (mark.is_open() && warnings_.empty())
      warnings_.push_back(
        "the last replay of group " + group_
        + " did not come to its end: what it sent after its last commit, at "
          "most "
        + std::to_string(ReplaySender::window_records)
        + " records, is sent again");
    auto begin = std::min(mark.place_of(criteria_).value_or(extent.low),
                          extent.high);
    // Of ours only: others may commit what an open transaction holds back.
    if (read && place.offset > extent.high) {
      warnings_.push_back(name + " ends before the place of group " + group_
                          + ": the topic was made anew, and is looked at from "
                            "its begin");
      mark = {};
      begin = extent.low;
    } else if (begin < extent.low)
      warnings_.push_back("of " + name + " "
                          + std::to_string(extent.low.value - begin.value)
                          + " offsets behind the place of group " + group_
                          + " are gone by retention");
    range.low = std::max(begin, extent.low);
  }
  mark.set_open(false);
  marks_[extent.partition] = std::move(mark);
  ranges_.push_back(range);
}

Result<void> ReplayPlaces::check_room() const {
  for (const auto& range : ranges_) {
    auto mark = marks_.at(range.partition);
    mark.set_place(criteria_, range.low);
    if (auto text = mark.text(); !text)
      return text.error();
  }
  return {};
}

bool ReplayPlaces::was_sent(const logic::DeadLetter& letter) const {
  return marks_.at(letter.partition).was_sent(letter, criteria_, topic_);
}

Result<void> ReplayPlaces::commit(const std::map<PartitionId, Offset>& places,
                                  bool open) {
  const auto now = ask();
  if (!now)
    return now.error();
  if (*now != known_)
    return Error{
      ErrorCode::fenced,
      "the offsets of group " + group_
        + " are not as this replay left them: is another replay at work? Give "
          "each a --replay-group of its own. Or topic "
        + topic_ + " was deleted"};
  GroupPlaces next;
  for (const auto& [partition, place] : places) {
    // Kept as it was for `was_sent`: what this run sends is not yet sent.
    auto mark = marks_.at(partition);
    mark.set_open(open);
    mark.set_place(criteria_, place);
    auto text = mark.text();
    if (!text)
      return text.error();
    next[partition] = {place, std::move(*text)};
  }
  if (auto committed = keeper_->commit(topic_, next, patience_); !committed)
    return may_not_commit(committed.error(), group_);
  for (auto& [partition, place] : next)
    known_[partition] = std::move(place);
  return {};
}

} // namespace millrace::node
