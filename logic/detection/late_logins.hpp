#pragma once

#include <cstdint>

namespace millrace::logic::detection {

/// Counts logins in a row that are older than the windows of their user or
/// address. True at the fourth: then it is the windows that are wrong, and
/// they start anew at that login. So neither does one login with a wrong date
/// leave them empty until time has caught up with it, nor do old records that
/// are sent anew go uncounted; and a few that were late on their way move
/// nothing.
inline bool windows_are_ahead(std::uint8_t& late_logins,
                              bool login_is_older) noexcept {
  constexpr std::uint8_t believed = 4;
  late_logins = login_is_older ? static_cast<std::uint8_t>(late_logins + 1)
                               : std::uint8_t{0};
  if (late_logins < believed)
    return false;
  late_logins = 0;
  return true;
}

} // namespace millrace::logic::detection
