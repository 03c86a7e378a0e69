#pragma once

#include "logic/geo/ip_address.hpp"
#include "logic/records/output_members.hpp"
#include "logic/records/reason.hpp"
#include "logic/records/record_batch.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::logic {

/// What the event says of its own outcome, where it says anything
/// (`login_status` or `success`).
enum class LoginStatus : std::uint8_t { unknown, success, failure };

/// A half-open run of bytes in a record's value.
struct ByteRange {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

/// One well-formed login event. Texts are unescaped views into the raw
/// batch, or into `ValidatedBatch::unescaped` where the JSON had escapes;
/// an absent or null field is a view with a null data pointer.
struct LoginEvent {
  std::uint32_t record = 0; ///< index into the raw batch
  std::string_view user_id;
  std::string_view app_version;
  std::string_view device_type;
  std::string_view locale;
  std::string_view device_id;
  geo::IpAddress ip; ///< family none where the event has no address
  /// Milliseconds since 1970: the event's `timestamp`; where it has none the
  /// Kafka timestamp; where that lacks too, -1.
  std::int64_t event_time_ms = -1;
  LoginStatus status = LoginStatus::unknown;

  /// Offset in the value of the object's closing brace: the place to splice.
  std::uint32_t closing_brace = 0;
  /// Whether the object has members besides those that are cut out.
  bool has_members = false;
  /// Members already present that the output replaces, as ranges to leave
  /// out (with one comma each), in `ValidatedBatch::cuts`.
  std::uint32_t first_cut = 0;
  std::uint32_t cut_count = 0;
};

/// A record that failed validation.
struct Rejection {
  std::uint32_t record = 0;
  Reason reason = Reason::not_json;
  /// For people: names field and value; personal values are masked.
  std::string detail;
};

/// A raw batch and what its records say. Every record is either in `events`
/// or in `rejections`, both in record order. Immutable once published.
struct ValidatedBatch {
  RecordBatchPtr raw;
  std::vector<LoginEvent> events;
  std::vector<Rejection> rejections;
  std::vector<ByteRange> cuts;
  /// By `OutputMember`: events that brought a member of that name.
  std::array<std::uint32_t, output_member_count> replaced{};
  /// Owns texts that had escapes; a deque, as views into it must stay valid.
  std::deque<std::string> unescaped;
};

using ValidatedBatchPtr = std::shared_ptr<const ValidatedBatch>;

} // namespace millrace::logic
