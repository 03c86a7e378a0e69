#pragma once

#include "logic/core/ids.hpp"
#include "logic/core/result.hpp"
#include "logic/dead_letters/replay_criteria.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::logic {

/// What the group of the replays keeps of one partition, as the metadata of
/// its committed offset: how far dead letters were looked at, by criteria. So
/// a filter that comes later finds what an earlier one passed over, and
/// nothing is sent twice where two filters mean the same record.
class ReplayMark {
public:
  /// Kafka's limit is 4,096 bytes (`offset.metadata.max.bytes`).
  static constexpr std::size_t max_bytes = 4'000;

  /// Nothing for metadata that no replay wrote.
  static std::optional<ReplayMark> parse(std::string_view text);

  /// `invalid_argument` where that is more than Kafka keeps.
  Result<std::string> text() const;

  /// Whether a run was at work that did not come to its end.
  bool is_open() const noexcept { return open_; }
  void set_open(bool open) noexcept { open_ = open; }

  /// How far dead letters were looked at under just these criteria.
  std::optional<Offset> place_of(const ReplayCriteria& criteria) const;

  /// All dead letters before `place` were looked at under these criteria.
  void set_place(const ReplayCriteria& criteria, Offset place);

  /// Whether some run sent this dead letter to where `criteria` would.
  bool was_sent(const DeadLetter& letter, const ReplayCriteria& criteria,
                std::string_view dead_letter_topic) const;

private:
  struct Entry {
    Offset place;
    ReplayCriteria criteria;
  };

  bool open_ = false;
  std::vector<Entry> entries_;
};

} // namespace millrace::logic
