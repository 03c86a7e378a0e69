// Every message in the recorded data, with the outcome it must have.
#define CAF_SUITE recorded_messages

#include "logic/encoding/encoder.hpp"

#include "logic/core/event_time.hpp"
#include "tests/support/record_values.hpp"
#include "tests/support/skip.hpp"

#include "caf/test/dsl.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

using namespace millrace::logic;
using namespace millrace::tests;

namespace {

/// One line of a file and what becomes of it.
struct Expected {
  std::string_view outcome; ///< "event", or the reason
  std::string_view user_prefix; ///< of an event
  std::string_view device_type; ///< of an event
  std::string_view event_time; ///< of an event
  bool has_locale = true; ///< of an event
};

constexpr std::string_view from_kafka = "2024-07-03T09:46:40.123Z";

/// Two of the real generator's messages lack `device_type`.
constexpr Expected genuine[] = {
  {"event", "b22a51d5", "iOS", "2024-07-10T05:34:57.000Z"},
  {"event", "d0cf416d", "android", "2024-07-10T12:29:25.000Z"},
  {"missing_field", "", "", ""},
  {"event", "ec7eb61a", "android", "2024-07-10T15:18:55.000Z"},
  {"event", "a6397988", "iOS", "2024-07-10T02:00:25.000Z"},
  {"event", "5ec2d697", "android", "2024-07-10T14:36:56.000Z"},
  {"event", "9507120b", "iOS", "2024-11-17T00:45:58.000Z"},
  {"event", "63cd3c70", "iOS", "2024-10-24T03:52:02.000Z"},
  {"event", "4a381a71", "android", "2025-03-11T20:26:01.000Z"},
  {"event", "89904f32", "android", "2024-11-02T19:16:40.000Z"},
  {"event", "c31f2f84", "iOS", "2024-10-29T23:23:20.000Z"},
  {"event", "da112001", "iOS", "2024-10-29T23:23:21.000Z"},
  {"missing_field", "", "", ""},
};

/// The first has a timestamp as text, the others have none.
constexpr Expected variants[] = {
  {"event", "424cdd21", "android", "2023-09-12T00:45:51.000Z"},
  {"event", "424cdd21", "android", from_kafka},
  {"event", "c0173198", "ios", from_kafka},
  {"event", "66e0635b", "ios", from_kafka, false},
  {"event", "181452ad", "android", from_kafka},
  {"event", "60b9441c", "android", from_kafka},
  {"event", "5082b1ae", "android", from_kafka, false},
  {"event", "5bc74293", "ios", from_kafka},
  {"event", "92d8ceec", "android", from_kafka},
  {"event", "05e153b1", "android", from_kafka, false},
  {"event", "325c0f3d", "android", from_kafka},
};

/// The lines of a recorded file; none, and a word on it, where the data is
/// not at hand.
std::vector<std::optional<std::string>> recorded(const std::string& name) {
  std::vector<std::optional<std::string>> lines;
  const char* folder = std::getenv("MILLRACE_SHARED_DATA");
  if (folder == nullptr) {
    skip("MILLRACE_SHARED_DATA names no folder with events/" + name);
    return lines;
  }
  std::ifstream file{folder + ("/events/" + name)};
  CAF_REQUIRE(file.is_open());
  for (std::string line; std::getline(file, line);)
    lines.emplace_back(line);
  return lines;
}

ValidatedBatchPtr
validated(const std::vector<std::optional<std::string>>& lines) {
  Validator validator{{}};
  return validator.validate(batch_of(lines), codec_now_ms);
}

void check_file(const std::string& name, std::span<const Expected> table) {
  const auto lines = recorded(name);
  if (lines.empty())
    return;
  CAF_REQUIRE_EQUAL(lines.size(), table.size());
  const auto batch = validated(lines);
  auto event = batch->events.begin();
  auto rejection = batch->rejections.begin();
  for (std::uint32_t line = 0; line != table.size(); ++line) {
    const Expected& expected = table[line];
    CAF_MESSAGE(name << " line " << line + 1);
    if (expected.outcome != "event") {
      CAF_REQUIRE(rejection != batch->rejections.end());
      CAF_CHECK_EQUAL(rejection->record, line);
      CAF_CHECK_EQUAL(to_string(rejection->reason), expected.outcome);
      ++rejection;
      continue;
    }
    CAF_REQUIRE(event != batch->events.end());
    CAF_CHECK_EQUAL(event->record, line);
    CAF_CHECK(event->user_id.starts_with(expected.user_prefix));
    CAF_CHECK_EQUAL(event->user_id.size(), 36u);
    CAF_CHECK_EQUAL(event->device_type, expected.device_type);
    CAF_CHECK_EQUAL(format_time(event->event_time_ms), expected.event_time);
    CAF_CHECK_EQUAL(event->locale.data() != nullptr, expected.has_locale);
    CAF_CHECK(event->ip.family == geo::AddressFamily::v4);
    ++event;
  }
  CAF_CHECK(event == batch->events.end());
  CAF_CHECK(rejection == batch->rejections.end());
}

/// Each output holds its record's bytes and is JSON.
void check_outputs(const std::string& name) {
  const auto lines = recorded(name);
  EnrichedBatch batch;
  batch.validated = validated(lines);
  batch.origins.resize(batch.validated->events.size());
  Encoder encoder{{}};
  const auto encoded = encoder.encode(batch, {}, codec_now_ms);
  CAF_REQUIRE_EQUAL(encoded->records.size(), lines.size());
  for (const auto& record : encoded->records) {
    if (record.dead)
      continue;
    const auto output = std::string_view{encoded->bytes}.substr(record.begin,
                                                                record.length);
    const auto& line = *lines[record.record];
    CAF_CHECK(output.starts_with(line.substr(0, line.size() - 1)));
    CAF_CHECK(boost::json::parse({output.data(), output.size()}).is_object());
  }
}

} // namespace

CAF_TEST(genuine_messages_have_their_expected_outcomes) {
  check_file("genuine_raw_messages.jsonl", genuine);
}

CAF_TEST(documented_variants_have_their_expected_outcomes) {
  check_file("documented_and_sibling_variants.jsonl", variants);
}

CAF_TEST(real_logins_keep_their_successes_and_failures) {
  const auto lines = recorded("elastic_authlog_logins.jsonl");
  if (lines.empty())
    return;
  const auto batch = validated(lines);
  CAF_CHECK_EQUAL(lines.size(), 1268u);
  CAF_CHECK_EQUAL(batch->events.size(), 1268u);
  int successes = 0;
  int failures = 0;
  for (const auto& event : batch->events) {
    successes += event.status == LoginStatus::success ? 1 : 0;
    failures += event.status == LoginStatus::failure ? 1 : 0;
  }
  CAF_CHECK_EQUAL(successes, 226);
  CAF_CHECK_EQUAL(failures, 1042);
}

CAF_TEST(outputs_of_recorded_messages_hold_their_bytes) {
  for (const auto* name :
       {"genuine_raw_messages.jsonl", "documented_and_sibling_variants.jsonl",
        "elastic_authlog_logins.jsonl"})
    check_outputs(name);
}
