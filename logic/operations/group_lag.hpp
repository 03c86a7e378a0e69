#pragma once

#include "logic/core/ids.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// How far a consumer group is behind, as its brokers tell it: of every
/// partition of its topics, held by a member or by nobody.
namespace millrace::logic {

/// A group as its coordinator sees it. `absent` has neither members nor
/// committed offsets, or has never been.
enum class GroupState : std::uint8_t {
  unknown,
  absent,
  empty,
  stable,
  rebalancing,
};

std::string_view to_string(GroupState state) noexcept;

struct GroupMember {
  std::string client_id;
  std::string host;
  std::string instance_id; ///< of a static member, else empty
  std::string member_id;
};

/// Of one partition, what its group and its log say.
struct PartitionPlace {
  std::string topic;
  PartitionId partition;
  std::optional<Offset> committed; ///< next to be read; none: never committed
  std::optional<Offset> low; ///< first offset that is still there
  std::optional<Offset> end; ///< what a reader of committed records comes to
  std::optional<std::size_t> holder; ///< among the members
  bool exists = true; ///< false: offsets of it were committed, but it is gone
  /// `committed` is a place in a topic of this name that was deleted.
  bool of_former_topic = false;
  /// Somebody read from `committed` and found no record before `end`.
  bool nothing_to_read = false;
};

/// One look at a group.
struct GroupSight {
  using TimePoint = std::chrono::steady_clock::time_point;

  std::string group;
  GroupState state = GroupState::unknown;
  std::string assignor;
  bool members_known = true; ///< false: the brokers do not tell
  std::vector<GroupMember> members;
  std::vector<std::string> missing_topics; ///< asked for, and not there
  std::vector<PartitionPlace> places; ///< by topic and partition
  TimePoint at;

  /// Whether a partition without a holder has none. While a group shares out
  /// anew, nobody tells.
  bool holders_known() const noexcept {
    return members_known && state != GroupState::rebalancing;
  }
};

/// What somebody should know of a partition's lag.
enum class LagRemark : std::uint8_t {
  none,
  never_committed, ///< the lag is all that the partition holds
  expired, ///< retention passed the committed offset: the lag is what is left
  topic_made_anew, ///< committed in the one before: the lag is all that is
                   ///< there
  beyond_end, ///< committed behind the end: the log was cut off, or made anew
  no_leader, ///< nobody tells the end
  gone, ///< the topic or the partition does not exist any more
};

std::string_view to_string(LagRemark remark) noexcept;

/// What becomes of a lag.
enum class LagTrend : std::uint8_t {
  unknown,
  caught_up,
  catching_up,
  steady, ///< as many are done as come, give or take a tenth
  falling_behind,
  standing_still, ///< there is work and none was done
};

std::string_view to_string(LagTrend trend) noexcept;

/// Change per second over the looks that are kept.
struct LagRates {
  double in = 0.0; ///< records that came
  double done = 0.0; ///< records that were committed

  friend bool operator==(const LagRates&, const LagRates&) = default;
};

struct LagLine {
  PartitionPlace place;
  std::optional<std::int64_t> records; ///< none: cannot be told
  LagRemark remark = LagRemark::none;
  std::int64_t expired_records = 0; ///< that retention took unread
  std::optional<LagRates> rates;
  LagTrend trend = LagTrend::unknown;
  std::optional<double> catch_up_seconds; ///< while it is catching up
};

struct LagTotals {
  std::int64_t records = 0; ///< of the partitions where it can be told
  std::size_t untold = 0; ///< partitions where it cannot
  std::size_t unheld = 0; ///< partitions that nobody holds
  std::size_t standing_still = 0;
  std::optional<LagRates> rates;
  LagTrend trend = LagTrend::unknown;
  std::optional<double> catch_up_seconds;
};

struct GroupLag {
  std::vector<LagLine> lines; ///< as the places of the sight
  LagTotals totals;
};

/// The last looks at a group, and what they say together. What moved is told
/// from the first to the last of them.
class GroupLagHistory {
public:
  explicit GroupLagHistory(std::size_t looks) : looks_(looks) {}

  void add(GroupSight sight);

  /// Only after the first `add`.
  const GroupSight& latest() const { return sights_.back(); }
  GroupLag lag() const;

private:
  std::size_t looks_;
  std::deque<GroupSight> sights_;
};

} // namespace millrace::logic
