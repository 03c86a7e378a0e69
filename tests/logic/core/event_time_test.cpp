#define CAF_SUITE event_time

#include "logic/core/event_time.hpp"

#include "caf/test/dsl.hpp"

#include <cstdio>
#include <string>

using namespace millrace::logic;

namespace {

std::string written(TimeFormatter& formatter, std::int64_t time_ms) {
  char text[max_time_bytes];
  return {text, formatter.write(text, time_ms)};
}

} // namespace

CAF_TEST(known_times_are_written_as_rfc_3339) {
  TimeFormatter formatter;
  CAF_CHECK_EQUAL(written(formatter, 0), "1970-01-01T00:00:00Z");
  CAF_CHECK_EQUAL(written(formatter, 951'782'400'000), "2000-02-29T00:00:00Z");
  CAF_CHECK_EQUAL(written(formatter, 1'720'589'697'000),
                  "2024-07-10T05:34:57Z");
  CAF_CHECK_EQUAL(written(formatter, 4'107'542'399'000),
                  "2100-02-28T23:59:59Z");
  CAF_CHECK_EQUAL(written(formatter, 4'107'542'400'000),
                  "2100-03-01T00:00:00Z");
}

CAF_TEST(milliseconds_are_written_where_there_are_any_or_on_request) {
  TimeFormatter formatter;
  CAF_CHECK_EQUAL(written(formatter, 1'720'589'697'005),
                  "2024-07-10T05:34:57.005Z");
  CAF_CHECK_EQUAL(written(formatter, 1'720'589'697'120),
                  "2024-07-10T05:34:57.120Z");
  CAF_CHECK_EQUAL(format_time(1'720'589'697'000), "2024-07-10T05:34:57.000Z");
  CAF_CHECK_EQUAL(format_time(max_event_time_ms), "9999-12-31T23:59:59.999Z");
}

CAF_TEST(the_remembered_day_follows_the_time) {
  constexpr std::int64_t midnight_ms = 1'720'656'000'000;
  TimeFormatter formatter;
  CAF_CHECK_EQUAL(written(formatter, midnight_ms - 1),
                  "2024-07-10T23:59:59.999Z");
  CAF_CHECK_EQUAL(written(formatter, midnight_ms), "2024-07-11T00:00:00Z");
  CAF_CHECK_EQUAL(written(formatter, midnight_ms - 1000),
                  "2024-07-10T23:59:59Z");
}

CAF_TEST(each_day_of_four_centuries_follows_the_one_before) {
  // A calendar kept by counting, which knows nothing of the formatter's way.
  constexpr int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  int year = 1970;
  int month = 1;
  int day = 1;
  TimeFormatter formatter;
  int differences = 0;
  for (std::int64_t index = 0; index != 146'097; ++index) {
    char expected[64]; // enough for any three numbers of that type
    std::snprintf(expected, sizeof expected, "%04d-%02d-%02dT12:34:56Z", year,
                  month, day);
    if (written(formatter, index * 86'400'000 + 45'296'000) != expected)
      ++differences;
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    const int last = month == 2 && leap ? 29 : month_days[month - 1];
    if (++day > last) {
      day = 1;
      if (++month > 12) {
        month = 1;
        ++year;
      }
    }
  }
  CAF_CHECK_EQUAL(differences, 0);
  CAF_CHECK_EQUAL(year, 2370);
}
