#pragma once

#include "logic/generation/random_stream.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace millrace::logic::generation {

inline constexpr std::size_t uuid_bytes = 36;

/// Text of a UUID, without a terminator.
using Uuid = std::array<char, uuid_bytes>;

inline std::string_view view(const Uuid& uuid) noexcept {
  return {uuid.data(), uuid.size()};
}

/// Writes a random UUID (RFC 9562, version 4) in lower case; returns the end.
char* write_uuid(char* to, RandomStream& random) noexcept;

Uuid make_uuid(RandomStream& random) noexcept;

/// What varies from one event to the next.
struct EventFields {
  std::string_view user_id; ///< at most `uuid_bytes`
  std::uint32_t address_v4 = 0; ///< host order
  std::string_view locale; ///< two letters
  std::string_view device_id; ///< at most `uuid_bytes`
  std::int64_t timestamp_s = 0; ///< Unix seconds
  std::string_view device_type; ///< "android", "iOS", or empty for none
  std::string_view login_status; ///< "success", "failed", or empty for none
};

/// Room that one event needs at most.
inline constexpr std::size_t max_event_bytes = 320;

/// Writes the event as the real generator does: its order of members, its
/// blanks. Returns the end.
char* write_event(char* to, const EventFields& fields) noexcept;

/// The codes of the 50 US states, which the real generator uses as locales.
inline constexpr std::array<std::string_view, 50> state_codes = {
  "AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "FL", "GA", "HI", "ID", "IL",
  "IN", "IA", "KS", "KY", "LA", "ME", "MD", "MA", "MI", "MN", "MS", "MO", "MT",
  "NE", "NV", "NH", "NJ", "NM", "NY", "NC", "ND", "OH", "OK", "OR", "PA", "RI",
  "SC", "SD", "TN", "TX", "UT", "VT", "VA", "WA", "WV", "WI", "WY"};

inline constexpr std::array<std::string_view, 2> device_types = {"android",
                                                                 "iOS"};

} // namespace millrace::logic::generation
