#define CAF_SUITE chaos_report

#include "node/chaos/storm_report.hpp"

#include "caf/test/dsl.hpp"

#include "node/chaos/shrink_run.hpp"

#include <sstream>

using namespace millrace::node::chaos;
using millrace::logic::faults::FaultKind;
using millrace::logic::supervision::ChildId;
using millrace::logic::supervision::State;
using millrace::logic::supervision::Status;
using millrace::logic::verification::VerificationReport;
using std::chrono::microseconds;

namespace {

/// A storm after which all is well.
StormReport clean_report() {
  StormReport report;
  report.seed = 7;
  report.planned = 3;
  report.duration = std::chrono::seconds{60};
  report.again = "millrace chaos --seed 7";
  report.of(FaultKind::crash).done = 2;
  report.of(FaultKind::hang).impossible = 1;
  report.recoveries = {
    {"encoder 1", "crash", microseconds{9'400}, microseconds{8'000}, {}, {}},
    {"consumer",
     "crash",
     microseconds{2'310'000},
     microseconds{5'000},
     {},
     {}}};
  report.restarts = {{"consumer", 1}, {"encoder 1", 1}};
  report.poison = {2, 2, 0};
  report.written = 1'000;
  report.deliveries = VerificationReport{};
  report.deliveries->total.input = 1'000;
  return report;
}

/// The only complaint about a report after some change; "" if there is none.
template <class Change>
std::string complaint_after(Change change) {
  auto report = clean_report();
  change(report);
  const auto found = complaints(report);
  CAF_CHECK(found.size() <= 1);
  return found.empty() ? std::string{} : found.front();
}

Status child(const char* name, State state, std::uint64_t restarts) {
  Status status;
  status.name = name;
  status.child = ChildId{0};
  status.state = state;
  status.restarts = restarts;
  return status;
}

} // namespace

CAF_TEST(nothing is wrong with a clean storm) {
  CAF_CHECK(complaints(clean_report()).empty());
  std::ostringstream out;
  print_verdict(out, clean_report());
  CAF_CHECK(out.str().find("storm: passed, 0 lost, 0 doubled")
            != std::string::npos);
  CAF_CHECK(out.str().find("poison: 2 planted, 2 found, 0 not planted")
            != std::string::npos);
}

CAF_TEST(whatever the delivery check finds is a complaint) {
  CAF_CHECK_EQUAL(
    complaint_after([](auto& it) { it.deliveries->total.lost = 1; }),
    "1 record lost");
  CAF_CHECK_EQUAL(
    complaint_after([](auto& it) { it.deliveries->total.corrupted = 3; }),
    "3 records corrupted");
  CAF_CHECK_EQUAL(
    complaint_after([](auto& it) { it.deliveries->total.foreign = 2; }),
    "2 records without an input");
  CAF_CHECK_NOT_EQUAL(
    complaint_after([](auto& it) { it.deliveries->total.unproven = 1; }), "");
  CAF_CHECK_EQUAL(
    complaint_after([](auto& it) { it.deliveries->total.input = 999; }),
    "1000 records were written to the input, 999 are there");
  CAF_CHECK_EQUAL(
    complaint_after([](auto& it) { it.deliveries->total.input = 1'001; }), "");
}

CAF_TEST(doubles are excused by lost reports and outages and nothing else) {
  const auto doubled = [](StormReport& it) {
    it.deliveries->total.doubled = 4;
  };
  CAF_CHECK_EQUAL(complaint_after(doubled), "4 records doubled");
  for (std::size_t kind = 0; kind != millrace::logic::faults::fault_kind_count;
       ++kind) {
    const auto text = complaint_after([&](StormReport& it) {
      doubled(it);
      it.faults[kind].done = 1;
    });
    const bool excuse
      = kind == static_cast<std::size_t>(FaultKind::lose_reports)
        || kind == static_cast<std::size_t>(FaultKind::broker_down);
    CAF_CHECK_EQUAL(text.empty(), excuse);
  }
  CAF_CHECK_NOT_EQUAL(complaint_after([&](StormReport& it) {
                        doubled(it);
                        it.of(FaultKind::lose_reports).impossible = 1;
                      }),
                      "");
}

CAF_TEST(swaps are excused by failed deliveries) {
  const auto swapped = [](StormReport& it) {
    it.deliveries->total.swapped = 1;
  };
  CAF_CHECK_EQUAL(complaint_after(swapped), "1 record out of order");
  CAF_CHECK_EQUAL(complaint_after([&](StormReport& it) {
                    swapped(it);
                    it.of(FaultKind::fail_deliveries).done = 1;
                  }),
                  "");
}

CAF_TEST(poison must end as planted and a node must live and end well) {
  CAF_CHECK_EQUAL(complaint_after([](auto& it) { it.poison.found = 1; }),
                  "1 poison record did not end as a dead letter with the "
                  "reason poison");
  CAF_CHECK_EQUAL(complaint_after([](auto& it) { it.poison.innocent = 2; }),
                  "2 records died as poison that nobody planted");
  CAF_CHECK_EQUAL(complaint_after([](auto& it) { it.not_quiescent = "stuck"; }),
                  "stuck");
  CAF_CHECK_EQUAL(complaint_after([](auto& it) { it.stop_code = 6; }),
                  "the node did not stop cleanly (exit code 6)");
  CAF_CHECK_EQUAL(complaint_after([](auto& it) {
                    it.node_failure = "the root gave up";
                    it.stop_code = 7;
                  }),
                  "the node ended by itself: the root gave up");
}

CAF_TEST(an excuse is in the verdict where it is needed) {
  auto report = clean_report();
  report.of(FaultKind::lose_reports).done = 1;
  report.of(FaultKind::fail_deliveries).done = 1;
  std::ostringstream none;
  print_verdict(none, report);
  CAF_CHECK(none.str().find("on purpose") == std::string::npos);
  report.deliveries->total.doubled = 3;
  report.deliveries->total.swapped = 2;
  std::ostringstream both;
  print_verdict(both, report);
  for (const auto* part : {"3 doubled: delivery reports were lost on purpose",
                           "2 out of order: deliveries failed on purpose",
                           "storm: passed, 0 lost, 3 doubled, 2 out of order"})
    CAF_CHECK_EQUAL(both.str().find(part) == std::string::npos ? part : "", "");
}

CAF_TEST(every complaint is in the verdict) {
  auto report = clean_report();
  report.deliveries->total.lost = 1;
  report.poison.innocent = 1;
  std::ostringstream out;
  print_verdict(out, report);
  CAF_CHECK(out.str().find("storm: FAILED, 1 lost") != std::string::npos);
  for (const auto& complaint : complaints(report))
    CAF_CHECK(out.str().find("  " + complaint + '\n') != std::string::npos);
}

CAF_TEST(the report says what was done and how long recoveries took) {
  std::ostringstream out;
  print_report(out, clean_report());
  const auto text = out.str();
  for (const auto* part :
       {"seed               7", "3 over 1min", "millrace chaos --seed 7",
        "crash                       2          0",
        "hang                        0          1",
        "all                         2          1",
        "consumer                    1     2.31 s     2.31 s     2.31 s",
        "encoder                     1     9.4 ms     9.4 ms     9.4 ms     "
        "1.4 ms",
        "encoder 1                   1"})
    CAF_CHECK_EQUAL(text.find(part) == std::string::npos ? part : "", "");
  CAF_CHECK(text.find("slow") == std::string::npos);
  CAF_CHECK(text.find("ended by itself") == std::string::npos);
  auto failed = clean_report();
  failed.node_failure = "the root gave up";
  std::ostringstream reason;
  print_report(reason, failed);
  CAF_CHECK(reason.str().find("ended by itself    the root gave up")
            != std::string::npos);
}

CAF_TEST(the report says how long hangs took to be found) {
  const std::chrono::steady_clock::time_point begin{std::chrono::hours{1}};
  auto report = clean_report();
  for (const auto* order : {"hang encoder 0 for 9s", "hang consumer for 9s"})
    report.hangs.push_back(
      {*millrace::logic::faults::parse_fault_order(order), begin});
  report.recoveries.push_back({"encoder 0", "hung", microseconds{10},
                               microseconds{10}, true,
                               begin + std::chrono::milliseconds{1'100}});
  std::ostringstream out;
  print_report(out, report);
  for (const auto* part :
       {"Hangs: from the order until they were found",
        "encoder                     1     1.10 s     1.10 s     1.10 s",
        "1 of 2; 0 failed in another way first, 1 were over"})
    CAF_CHECK_EQUAL(out.str().find(part) == std::string::npos ? part : "", "");
}

CAF_TEST(restarts and absences are gathered from the whole tree) {
  Status lane;
  lane.name = "lane 0";
  lane.state = State::running;
  lane.restarts = 5; // of the group, not of an actor
  lane.members = {child("encoder 0", State::waiting, 3),
                  child("validator 0", State::running, 0)};
  Status root;
  root.name = "node";
  root.state = State::running;
  root.members = {child("producer", State::running, 2), lane,
                  child("geoip", State::stopped, 0)};
  const std::map<std::string, std::uint64_t> expected{{"encoder 0", 3},
                                                      {"producer", 2}};
  CAF_CHECK(restarts_of(root) == expected);
  CAF_CHECK_EQUAL(down_in(root), 1u);
  root.members[1].state = State::given_up;
  CAF_CHECK_EQUAL(down_in(root), 2u);
}

CAF_TEST(durations are readable) {
  CAF_CHECK_EQUAL(readable(microseconds{0}), "0 us");
  CAF_CHECK_EQUAL(readable(microseconds{999}), "999 us");
  CAF_CHECK_EQUAL(readable(microseconds{1'000}), "1.0 ms");
  CAF_CHECK_EQUAL(readable(microseconds{123'456}), "123.5 ms");
  CAF_CHECK_EQUAL(readable(microseconds{2'000'000}), "2.00 s");
}

CAF_TEST(a shell reads a printed command line as the same words) {
  CAF_CHECK_EQUAL(shell_line({"millrace", "chaos", "--rate", "1e+06"}),
                  "millrace chaos --rate 1e+06");
  CAF_CHECK_EQUAL(shell_line({"a b", "", "it's", "$HOME", "x=[1]"}),
                  R"('a b' '' 'it'\''s' '$HOME' 'x=[1]')");
}
