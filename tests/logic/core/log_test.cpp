#define CAF_SUITE log

#include "logic/core/log.hpp"

#include "tests/support/memory_log.hpp"

#include "caf/test/dsl.hpp"

#include <limits>

namespace logic = millrace::logic;
namespace tests = millrace::tests;
using namespace std::chrono_literals;
using logic::LogLevel;
using logic::LogLimiter;
using tests::MemoryLog;

namespace {

LogLimiter::Time at(std::chrono::milliseconds since_start) {
  return LogLimiter::Time{} + since_start;
}

} // namespace

CAF_TEST(fields_keep_their_types) {
  MemoryLog log;
  const std::string text = "seven";
  log.info("consumer", "partitions assigned",
           {{"count", 3},
            {"bytes", std::size_t{4}},
            {"share", 0.5},
            {"drained", true},
            {"topic", text},
            {"partition", logic::PartitionId{6}},
            {"huge", std::numeric_limits<std::uint64_t>::max()}});
  CAF_REQUIRE_EQUAL(log.lines().size(), 1u);
  const auto line = log.lines().front();
  using Value = MemoryLog::Value;
  CAF_CHECK(line.level == LogLevel::info);
  CAF_CHECK_EQUAL(line.component, "consumer");
  CAF_CHECK_EQUAL(line.message, "partitions assigned");
  CAF_CHECK(line.fields.at("count") == Value{std::int64_t{3}});
  CAF_CHECK(line.fields.at("bytes") == Value{std::int64_t{4}});
  CAF_CHECK(line.fields.at("share") == Value{0.5});
  CAF_CHECK(line.fields.at("drained") == Value{true});
  CAF_CHECK(line.fields.at("topic") == Value{std::string{"seven"}});
  CAF_CHECK(line.fields.at("partition") == Value{std::int64_t{6}});
  CAF_CHECK(line.fields.at("huge")
            == Value{std::numeric_limits<std::int64_t>::max()});
}

CAF_TEST(lines_below_the_level_are_not_written) {
  MemoryLog log{LogLevel::warn};
  log.debug("a", "one");
  log.info("a", "two");
  log.warn("a", "three");
  log.error("a", "four");
  log.fatal("a", "five");
  log.limited(at(0ms), LogLevel::info, "a", "six");
  CAF_CHECK_EQUAL(log.lines().size(), 3u);
  CAF_CHECK_EQUAL(log.suppressed(), 0u);
}

CAF_TEST(levels_are_read_in_any_case) {
  CAF_CHECK(logic::parse_log_level("DEBUG") == LogLevel::debug);
  CAF_CHECK(logic::parse_log_level("Info") == LogLevel::info);
  CAF_CHECK(logic::parse_log_level("WARN") == LogLevel::warn);
  CAF_CHECK(logic::parse_log_level("warning") == LogLevel::warn);
  CAF_CHECK(logic::parse_log_level("ERROR") == LogLevel::error);
  CAF_CHECK(logic::parse_log_level("FATAL") == LogLevel::fatal);
  CAF_CHECK(!logic::parse_log_level("").has_value());
  CAF_CHECK(!logic::parse_log_level("inf").has_value());
  CAF_CHECK(!logic::parse_log_level("infos").has_value());
}

CAF_TEST(a_fault_storm_is_cut_to_a_few_lines) {
  MemoryLog log{LogLevel::debug, {.interval = 10s, .burst = 5}};
  for (int i = 0; i < 10'000; ++i) {
    log.limited(at(std::chrono::milliseconds{i}), LogLevel::warn, "producer",
                "delivery failed", {{"attempt", i}});
  }
  CAF_CHECK_EQUAL(log.count("delivery failed"), 5u);
  CAF_CHECK_EQUAL(log.suppressed(), 9'995u);
}

CAF_TEST(the_next_interval_tells_how_much_was_held_back) {
  MemoryLog log{LogLevel::debug, {.interval = 1s, .burst = 2}};
  for (int i = 0; i < 9; ++i) {
    log.limited(at(0ms), LogLevel::warn, "producer", "failed");
  }
  log.limited(at(999ms), LogLevel::warn, "producer", "failed");
  log.limited(at(1000ms), LogLevel::warn, "producer", "failed", {{"n", 1}});
  log.limited(at(1001ms), LogLevel::warn, "producer", "failed");
  const auto lines = log.lines();
  CAF_REQUIRE_EQUAL(lines.size(), 4u);
  CAF_CHECK(lines[1].fields.empty());
  CAF_CHECK(lines[2].fields.at("suppressed")
            == MemoryLog::Value{std::int64_t{8}});
  CAF_CHECK(lines[2].fields.at("n") == MemoryLog::Value{std::int64_t{1}});
  CAF_CHECK(lines[3].fields.empty());
}

CAF_TEST(messages_and_components_are_limited_apart) {
  MemoryLog log{LogLevel::debug, {.interval = 1s, .burst = 1}};
  for (int i = 0; i < 3; ++i) {
    log.limited(at(0ms), LogLevel::warn, "producer", "failed");
    log.limited(at(0ms), LogLevel::warn, "producer", "refused");
    log.limited(at(0ms), LogLevel::warn, "consumer", "failed");
  }
  CAF_CHECK_EQUAL(log.count("failed"), 2u);
  CAF_CHECK_EQUAL(log.count("refused"), 1u);
}

CAF_TEST(endless_different_messages_share_one_allowance) {
  LogLimiter limiter{{.interval = 1s, .burst = 2, .max_messages = 10}};
  std::size_t admitted = 0;
  for (int i = 0; i < 1000; ++i) {
    admitted += limiter.admit("a", std::to_string(i), at(0ms)) ? 1 : 0;
  }
  CAF_CHECK_EQUAL(admitted, 12u);
  CAF_CHECK_EQUAL(limiter.suppressed(), 988u);
  // Quiet messages make room again.
  CAF_CHECK(limiter.admit("a", "new", at(5s)) == 0u);
  CAF_CHECK(limiter.admit("a", "new", at(5s)) == 0u);
  CAF_CHECK(!limiter.admit("a", "new", at(5s)).has_value());
}
