#define CAF_SUITE chaos_recoveries

#include "messages/supervision.hpp"
#include "node/chaos/recovery_log.hpp"

#include "caf/test/dsl.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

using namespace millrace::node::chaos;
using millrace::messages::Recovery;
using std::chrono::microseconds;

namespace {

Recovery recovery(const std::string& actor, std::int64_t total_us,
                  std::int64_t waited_us = 0) {
  return {actor, "crash", microseconds{total_us}, microseconds{waited_us},
          {},    {}};
}

std::vector<Recovery> slice(const std::vector<Recovery>& from,
                            std::size_t begin, std::size_t end) {
  return {from.begin() + static_cast<std::ptrdiff_t>(begin),
          from.begin() + static_cast<std::ptrdiff_t>(end)};
}

std::vector<std::int64_t> totals(std::span<const Recovery> recoveries) {
  std::vector<std::int64_t> result;
  for (const auto& each : recoveries)
    result.push_back(each.total.count());
  return result;
}

} // namespace

CAF_TEST(each recovery is taken once however the answers overlap) {
  std::mt19937_64 random{7};
  for (int round = 0; round != 200; ++round) {
    std::vector<Recovery> history;
    // Few values, so that neighbours are often equal.
    for (int count = 0; count != 60; ++count)
      history.push_back(
        recovery(random() % 2 == 0 ? "encoder 0" : "producer",
                 static_cast<std::int64_t>(random() % 1'000'000)));
    const std::size_t kept = 5 + random() % 60;
    RecoveryLog log;
    std::vector<std::int64_t> seen;
    for (std::size_t end = 0; end < history.size();) {
      end = std::min(history.size(), end + random() % kept);
      const auto begin = end > kept ? end - kept : 0;
      for (const auto total : totals(log.take(slice(history, begin, end))))
        seen.push_back(total);
    }
    CAF_CHECK(seen == totals(history));
    CAF_CHECK(totals(log.all()) == totals(history));
  }
}

CAF_TEST(an answer that did not come changes nothing) {
  const std::vector<Recovery> history{recovery("producer", 1),
                                      recovery("consumer", 2)};
  RecoveryLog log;
  CAF_CHECK_EQUAL(log.take(history).size(), 2u);
  CAF_CHECK(log.take({}).empty());
  CAF_CHECK(log.take(history).empty());
  CAF_CHECK_EQUAL(log.all().size(), 2u);
}

CAF_TEST(quantiles are by nearest rank) {
  const auto none = times_of({});
  CAF_CHECK_EQUAL(none.count, 0u);
  CAF_CHECK_EQUAL(none.worst.count(), 0);
  const auto one = times_of({microseconds{5}});
  CAF_CHECK_EQUAL(one.median.count(), 5);
  CAF_CHECK_EQUAL(one.p99.count(), 5);
  CAF_CHECK_EQUAL(one.worst.count(), 5);
  std::vector<microseconds> hundred;
  for (int number = 100; number != 0; --number)
    hundred.emplace_back(number);
  const auto times = times_of(hundred);
  CAF_CHECK_EQUAL(times.count, 100u);
  CAF_CHECK_EQUAL(times.median.count(), 50);
  CAF_CHECK_EQUAL(times.p99.count(), 99);
  CAF_CHECK_EQUAL(times.worst.count(), 100);
  hundred.emplace_back(101);
  CAF_CHECK_EQUAL(times_of(hundred).p99.count(), 100);
}

CAF_TEST(recoveries are summed up as a whole and by kind of actor) {
  const std::vector<Recovery> recoveries{recovery("encoder 1", 9'000, 8'000),
                                         recovery("encoder 0", 5'000, 1'000),
                                         recovery("consumer", 20'000, 19'999)};
  const auto lines = summarize(recoveries);
  CAF_REQUIRE_EQUAL(lines.size(), 3u);
  CAF_CHECK_EQUAL(lines[0].name, "all");
  CAF_CHECK_EQUAL(lines[0].total.count, 3u);
  CAF_CHECK_EQUAL(lines[0].total.median.count(), 9'000);
  CAF_CHECK_EQUAL(lines[0].total.worst.count(), 20'000);
  CAF_CHECK_EQUAL(lines[0].beyond.worst.count(), 4'000);
  CAF_CHECK_EQUAL(lines[1].name, "consumer");
  CAF_CHECK_EQUAL(lines[1].beyond.median.count(), 1);
  CAF_CHECK_EQUAL(lines[2].name, "encoder");
  CAF_CHECK_EQUAL(lines[2].total.count, 2u);
  CAF_CHECK_EQUAL(lines[2].beyond.median.count(), 1'000);
  CAF_CHECK_EQUAL(lines[2].beyond.worst.count(), 4'000);
  CAF_CHECK(summarize({}).empty());
}

CAF_TEST(a hang is found when its actor is given up for it) {
  using std::chrono::steady_clock;
  const steady_clock::time_point begin{std::chrono::hours{1}};
  const auto order = [&](const char* text, int at_s) {
    return HangOrder{*millrace::logic::faults::parse_fault_order(text),
                     begin + std::chrono::seconds{at_s}};
  };
  const auto hung = [&](const char* actor, int at_s, bool by_hang = true) {
    return Recovery{actor, "",      {},
                    {},    by_hang, begin + std::chrono::seconds{at_s}};
  };
  const std::vector<HangOrder> orders{
    order("hang encoder 0 for 20s", 10), order("hang producer for 30s", 50),
    order("hang enricher 1 for 1s", 100), order("hang encoder 1 for 9s", 200),
    order("hang consumer for 9s", 300)};
  const std::vector<Recovery> recoveries{
    hung("encoder 0", 5), // for an earlier order
    hung("encoder 1", 12), // another actor
    hung("encoder 0", 12, false), // a crash
    hung("encoder 0", 13),        hung("producer", 57),
    hung("enricher 1", 105), // the order was over by then
    hung("consumer", 302, false)};
  const auto findings = find_hangs(orders, recoveries);
  using Times = std::vector<std::chrono::microseconds>;
  const std::map<std::string, Times> expected{
    {"encoder", {std::chrono::seconds{3}}},
    {"producer", {std::chrono::seconds{7}}}};
  CAF_CHECK(findings.times == expected);
  CAF_CHECK_EQUAL(findings.found(), 2u);
  CAF_CHECK_EQUAL(findings.replaced, 1u);
  CAF_CHECK_EQUAL(findings.unnoticed, 2u);
}
