#pragma once

#include "logic/core/event_time.hpp"
#include "logic/records/enriched_batch.hpp"
#include "logic/records/output_members.hpp"
#include "logic/records/record_batch.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace millrace::logic {

/// Copies text and returns the end.
inline char* write_text(char* to, std::string_view text) noexcept {
  // An empty view may hold a null pointer, which memcpy must not get.
  if (!text.empty())
    std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

/// Writes the members that the node adds, but for `anomaly`. What is the same
/// for a whole batch is rendered once. Not thread-safe.
class MemberWriter {
public:
  explicit MemberWriter(const OutputMembers& members);

  /// `now_ms` becomes `processed_at`; it is brought into the years that
  /// RFC 3339 can write. Without `with_source` no `source` is written.
  void begin_batch(const RecordBatch& raw, std::int64_t now_ms,
                   bool with_source);

  /// The most bytes that both calls below need for an event.
  std::size_t bound_bytes(const Origin& origin) const noexcept;

  /// Writes `"processed_at":..` to `"geo":..`, without a comma in front.
  char* write_first(char* to, const LoginEvent& event, const Origin& origin);

  /// Writes `,"source":{..}`, or nothing.
  char* write_last(char* to, Offset offset) const noexcept;

private:
  static constexpr std::size_t class_count = 9;

  OutputMembers members_;
  TimeFormatter formatter_;
  std::string processed_at_; ///< `"processed_at":"..."`
  std::string source_; ///< `,"source":{...,"offset":`; empty for none
  /// By address class: `,"ip_class":"..."`, empty for unknown.
  std::array<std::string, class_count> classes_;
};

} // namespace millrace::logic
