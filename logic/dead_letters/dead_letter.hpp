#pragma once

#include "logic/core/ids.hpp"
#include "logic/records/provenance.hpp"
#include "logic/records/record_batch.hpp"
#include "logic/records/replay_history.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::logic {

/// A record of the dead-letter topic as its headers describe it. Views into
/// the record.
struct DeadLetter {
  PartitionId partition; ///< of the dead-letter topic
  RecordView record;
  /// Nothing where the record says nowhere whence it comes and why: somebody
  /// else wrote it.
  std::optional<NamedNote> note;
  std::optional<ReplayHistory> history; ///< where it was replayed before

  /// When it was given up; of somebody else's record, its timestamp.
  std::int64_t time_ms() const noexcept;
  std::string_view reason() const noexcept; ///< empty where unknown
  /// The kind of the stage that gave it up ("encoder" of "encoder 0"); empty
  /// where unknown.
  std::string_view stage() const noexcept;
  std::uint32_t replays() const noexcept;
  /// Written without its value, which did not fit the topic.
  bool is_reference() const noexcept;
};

DeadLetter read_dead_letter(PartitionId partition, const RecordView& record);

/// `3:4711`: where a dead letter stands.
std::string place_text(const DeadLetter& letter);

/// Reads what `place_text` writes.
struct DeadLetterPlace {
  PartitionId partition;
  Offset offset;
};
std::optional<DeadLetterPlace> parse_place(std::string_view text);

} // namespace millrace::logic
