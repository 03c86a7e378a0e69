#include "logic/core/event_time.hpp"

#include <cassert>
#include <chrono>
#include <cstring>

namespace millrace::logic {

namespace {

constexpr std::int64_t seconds_per_day = 86'400;

char* write_two_digits(char* to, unsigned number) noexcept {
  to[0] = static_cast<char>('0' + number / 10);
  to[1] = static_cast<char>('0' + number % 10);
  return to + 2;
}

char* write_fraction(char* to, unsigned milliseconds) noexcept {
  *to++ = '.';
  *to++ = static_cast<char>('0' + milliseconds / 100);
  return write_two_digits(to, milliseconds % 100);
}

void write_date(char* to, std::int64_t day) noexcept {
  const std::chrono::year_month_day date{
    std::chrono::sys_days{std::chrono::days{day}}};
  const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
  to = write_two_digits(to, year / 100);
  to = write_two_digits(to, year % 100);
  *to++ = '-';
  to = write_two_digits(to, static_cast<unsigned>(date.month()));
  *to++ = '-';
  to = write_two_digits(to, static_cast<unsigned>(date.day()));
  *to = 'T';
}

} // namespace

char* TimeFormatter::write_seconds(char* to, std::int64_t time_ms) noexcept {
  assert(time_ms >= 0 && time_ms <= max_event_time_ms);
  const std::int64_t seconds = time_ms / 1000;
  const std::int64_t day = seconds / seconds_per_day;
  if (day != day_) {
    write_date(date_, day);
    day_ = day;
  }
  const auto second_of_day = static_cast<unsigned>(seconds % seconds_per_day);
  std::memcpy(to, date_, sizeof date_);
  to = write_two_digits(to + sizeof date_, second_of_day / 3600);
  *to++ = ':';
  to = write_two_digits(to, second_of_day / 60 % 60);
  *to++ = ':';
  return write_two_digits(to, second_of_day % 60);
}

char* TimeFormatter::write(char* to, std::int64_t time_ms) noexcept {
  to = write_seconds(to, time_ms);
  if (const auto milliseconds = static_cast<unsigned>(time_ms % 1000);
      milliseconds != 0)
    to = write_fraction(to, milliseconds);
  *to++ = 'Z';
  return to;
}

char* TimeFormatter::write_milliseconds(char* to,
                                        std::int64_t time_ms) noexcept {
  to = write_seconds(to, time_ms);
  to = write_fraction(to, static_cast<unsigned>(time_ms % 1000));
  *to++ = 'Z';
  return to;
}

std::string format_time(std::int64_t time_ms) {
  char text[max_time_bytes];
  TimeFormatter formatter;
  const char* end = formatter.write_milliseconds(text, time_ms);
  return {text, static_cast<std::size_t>(end - text)};
}

} // namespace millrace::logic
