#define CAF_SUITE status_tree

#include "messages/status.hpp"
#include "messages/supervision.hpp"
#include "node/endpoint/status_tree.hpp"

#include "caf/test/dsl.hpp"

#include "logic/core/json_text.hpp"
#include "node/endpoint/status_page.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace millrace;
using namespace millrace::node;
using namespace std::chrono_literals;
using logic::supervision::ChildId;
using logic::supervision::State;
using logic::supervision::Status;

namespace json = boost::json;

namespace {

constexpr std::chrono::steady_clock::time_point noon{12h};

Status child(std::uint32_t id, std::string name, std::uint64_t incarnation) {
  Status status;
  status.name = std::move(name);
  status.child = ChildId{id};
  status.state = State::running;
  status.incarnation = logic::Incarnation{incarnation};
  return status;
}

Status group(std::string name, std::vector<Status> members) {
  Status status;
  status.name = std::move(name);
  status.state = State::running;
  status.members = std::move(members);
  return status;
}

/// A dispatcher that was restarted, a lane of which the encoder is down and
/// an earlier enricher hangs, a background task that ended, a group that gave
/// up.
messages::SupervisorStatus troubled_tree() {
  auto dispatcher = child(0, "dispatcher", 9);
  dispatcher.restarts = 2;
  dispatcher.last_error = "out of paper";
  auto encoder = child(1, "encoder 0", 2);
  encoder.state = State::waiting;
  encoder.restarts = 1;
  encoder.last_error = "timed_out: \"no row\"";
  encoder.down_since = noon - 1'250ms;
  encoder.restart_due = noon + 40ms;
  auto enricher = child(2, "enricher 0", 8);
  enricher.restarts = 1;
  enricher.hung = 1;
  enricher.last_error = "did not answer";
  auto lane = group("lane 0", {encoder, enricher});
  lane.hung = 1;
  auto reload = child(3, "geoip_reload", 4);
  reload.state = State::stopped;
  auto trainer = child(4, "trainer", 7);
  trainer.state = State::given_up;
  trainer.down_since = noon - 190s;
  auto detection = group("detection", {trainer});
  detection.state = State::given_up;
  detection.restarts = 3;
  detection.last_error = "over 20 restarts";
  detection.down_since = noon - 190s;
  auto root = group(
    "node", {dispatcher, lane, group("background", {reload}), detection});
  root.hung = 1;
  return {root, {{"dispatcher", 12}, {"enricher 0", 345}, {"trainer", 0}}};
}

messages::PartitionStatus partition(std::int32_t number) {
  messages::PartitionStatus status;
  status.partition = logic::PartitionId{number};
  status.read = logic::Offset{100 * (number + 1)};
  status.finished = logic::Offset{90};
  status.lag_records = 5 * number;
  return status;
}

NodeStatus troubled_node() {
  NodeStatus status;
  status.node = "mill-1";
  status.version = "1.2.3";
  status.consumer.emplace();
  status.dispatcher.emplace();
  status.producer.emplace();
  status.consumer->assigned = true;
  status.consumer->records = 123'456;
  status.consumer->credit_bytes = -(1 << 19);
  status.consumer->granted_bytes = 4 << 20;
  status.consumer->partitions = {partition(0), partition(7)};
  status.consumer->partitions[0].stalled = true;
  status.consumer->partitions[0].leaving = true;
  status.consumer->partitions[1].committed = logic::Offset{80};
  status.dispatcher->batches_in_flight = 4;
  status.dispatcher->redispatched = 17;
  status.dispatcher->lanes = {{0, 1 << 20, 1 << 19}, {12, 0, 0}};
  status.dispatcher->waiting_bytes = 3 << 10;
  status.dispatcher->turn_bytes = 1 << 10;
  status.producer->outputs = 120'000;
  status.producer->dead_letters = 3'000;
  status.supervisor = troubled_tree();
  status.now = noon;
  return status;
}

json::object document(const NodeStatus& status) {
  return json::parse(status_json(status)).as_object();
}

std::string draw(const NodeStatus& status, const StatusCanvas& canvas = {}) {
  return draw_status(document(status), canvas);
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    lines.emplace_back(text.substr(0, text.find('\n')));
    text.remove_prefix(lines.back().size() + 1);
  }
  return lines;
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
    std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

} // namespace

CAF_TEST(the_document_holds_the_tree) {
  const auto page = document(troubled_node());
  CAF_CHECK(page.at("supervision") == json::parse(R"({
    "name": "node", "state": "running", "restarts": 0, "last_error": "",
    "hung": 1, "members": [
      {"name": "dispatcher", "state": "running", "incarnation": 9,
       "restarts": 2, "last_error": "out of paper", "hung": 0, "mailbox": 12},
      {"name": "lane 0", "state": "running", "restarts": 0, "last_error": "",
       "hung": 1, "members": [
        {"name": "encoder 0", "state": "waiting", "incarnation": 2,
         "restarts": 1, "last_error": "timed_out: \"no row\"", "hung": 0,
         "down_ms": 1250, "mailbox": null},
        {"name": "enricher 0", "state": "running", "incarnation": 8,
         "restarts": 1, "last_error": "did not answer", "hung": 1,
         "mailbox": 345}]},
      {"name": "background", "state": "running", "restarts": 0,
       "last_error": "", "hung": 0, "members": [
        {"name": "geoip_reload", "state": "stopped", "incarnation": 4,
         "restarts": 0, "last_error": "", "hung": 0, "mailbox": null}]},
      {"name": "detection", "state": "given_up", "restarts": 3,
       "last_error": "over 20 restarts", "hung": 0,
       "down_ms": 190000, "members": [
        {"name": "trainer", "state": "given_up", "incarnation": 7,
         "restarts": 0, "last_error": "", "hung": 0, "down_ms": 190000,
         "mailbox": 0}]}]})"));
  CAF_CHECK(page.at("consumer").at("records") == 123'456);
}

CAF_TEST(the_document_depends_on_nothing_but_the_status) {
  const auto status = troubled_node();
  const auto first = status_json(status);
  CAF_CHECK_EQUAL(status_json(status), first);
  auto later = status;
  later.now += 750ms;
  const auto page = document(later);
  const auto& lane = page.at("supervision").at("members").as_array()[1];
  CAF_CHECK(lane.at("members").as_array()[0].at("down_ms") == 2000);
}

CAF_TEST(what_went_down_while_the_parts_were_asked_is_down_since_now) {
  auto status = troubled_node();
  status.supervisor->tree = child(0, "dispatcher", 1);
  status.supervisor->tree.down_since = noon + 3ms;
  CAF_CHECK(document(status).at("supervision").at("down_ms") == 0);
}

CAF_TEST(a_supervisor_that_has_not_answered_is_told) {
  auto status = troubled_node();
  status.supervisor.reset();
  CAF_CHECK(document(status).at("supervision").is_null());
  CAF_CHECK_EQUAL(lines_of(draw(status)).back(),
                  "the supervisor has not answered");
}

CAF_TEST(the_document_holds_the_credit_of_each_stage) {
  auto status = troubled_node();
  status.judgement_router.emplace();
  status.judgement_router->detectors = {{10, 8, 0}, {10, 10, 5}};
  CAF_CHECK(document(status).at("credit") == json::parse(R"([
    {"stage": "consumer", "granted_bytes": 4194304, "used_bytes": 4718592},
    {"stage": "lanes", "waiting_bytes": 3072},
    {"stage": "lane 0", "granted_bytes": 1048576, "used_bytes": 524288},
    {"stage": "lane 12", "granted_bytes": 0, "used_bytes": 0},
    {"stage": "judgement_router", "waiting_bytes": 1024},
    {"stage": "anomaly_detector 0", "granted_bytes": 10, "used_bytes": 8,
     "waiting_bytes": 0},
    {"stage": "anomaly_detector 1", "granted_bytes": 10, "used_bytes": 10,
     "waiting_bytes": 5}])"));
}

CAF_TEST(the_document_is_utf8_whatever_an_error_says) {
  auto status = troubled_node();
  status.supervisor->tree.last_error = "\xFF at \xC3\x28, \"\xE2\x82\"\n\xF0";
  status.consumer->fault = "\xC0\xAF";
  const auto text = status_json(status);
  CAF_CHECK_EQUAL(logic::find_invalid_utf8(text), std::string::npos);
  const auto page = json::parse(text);
  const std::string lost = "\xEF\xBF\xBD";
  CAF_CHECK_EQUAL(
    std::string{page.at("supervision").at("last_error").as_string()},
    lost + " at " + lost + "(, \"" + lost + lost + "\"\n" + lost);
  CAF_CHECK_EQUAL(std::string{page.at("reason").as_string()}, lost + lost);
}

CAF_TEST(the_drawing_shows_node_partitions_and_tree) {
  const std::string expected
    = R"(millrace 1.2.3 on mill-1: not ready, partition 0 stands still at offset 90 with a lag of 0: what was read, up to offset 100, is not delivered
records 123456, outputs 120000, dead letters 3000
credit -0.5 MiB, batches in flight 4, dispatched again 17
partition  lag  read  finished  committed
        0    0   100        90          -  leaving, stalled
        7   35   800        90         80
credit            granted       used  waiting
consumer          4.0 MiB    4.5 MiB        -
lanes                   -          -  3.0 KiB
lane 0            1.0 MiB  512.0 KiB        -
lane 12           0.0 KiB    0.0 KiB        -
judgement_router        -          -  1.0 KiB
actor               state            life  restarts  mailbox  last error
node                running                       0
├─ dispatcher       running             9         2       12  out of paper
├─ lane 0           running                       0
│  ├─ encoder 0     waiting 1.2 s       2         1        -  timed_out: "no row"
│  └─ enricher 0    running +1 hung     8         1      345  did not answer
├─ background       running                       0
│  └─ geoip_reload  stopped             4         0        -
└─ detection        given up 3 min                3           over 20 restarts
   └─ trainer       given up 3 min      7         0        0
)";
  CAF_CHECK_EQUAL(draw(troubled_node(), {160, false}), expected);
}

CAF_TEST(without_utf8_it_is_drawn_in_ascii) {
  auto status = troubled_node();
  status.supervisor->tree.last_error = "naïve “Größe”";
  auto expected = draw(status, {160, false});
  for (const auto& [from, to] : {std::pair{"├─", "|-"},
                                 {"└─", "`-"},
                                 {"│", "|"},
                                 {"ï", "?"},
                                 {"“", "?"},
                                 {"”", "?"},
                                 {"ö", "?"},
                                 {"ß", "?"}})
    for (auto at = expected.find(from); at != expected.npos;
         at = expected.find(from))
      expected.replace(at, std::string_view{from}.size(), to);
  CAF_CHECK(std::ranges::all_of(expected, [](char c) { return c > 0; }));
  CAF_CHECK_EQUAL(draw(status, {160, true}), expected);
}

CAF_TEST(lines_are_cut_to_the_canvas) {
  const auto whole = lines_of(draw(troubled_node(), {1'000, false}));
  for (std::size_t columns = 1; columns <= 130; ++columns)
    for (const bool ascii : {false, true}) {
      const auto cut = lines_of(draw(troubled_node(), {columns, ascii}));
      CAF_REQUIRE_EQUAL(cut.size(), whole.size());
      for (std::size_t at = 0; at != cut.size(); ++at) {
        const bool fits = characters(whole[at]) <= columns;
        CAF_REQUIRE_LESS_OR_EQUAL(characters(cut[at]), columns);
        if (fits && !ascii)
          CAF_CHECK_EQUAL(cut[at], whole[at]);
        if (!fits)
          CAF_CHECK(cut[at].ends_with(ascii ? "..." : "…") || columns < 3);
      }
    }
  const auto lines = lines_of(draw(troubled_node(), {70, false}));
  CAF_CHECK(lines[16].ends_with("1        -  timed_o…"));
}

CAF_TEST(a_cut_never_splits_a_character) {
  auto status = troubled_node();
  status.supervisor->tree.last_error = "äöü€😀äöü€😀äöü€😀äöü€😀";
  for (std::size_t columns = 30; columns <= 100; ++columns)
    CAF_CHECK_EQUAL(logic::find_invalid_utf8(draw(status, {columns, false})),
                    std::string::npos);
}

CAF_TEST(no_text_can_order_the_terminal_about) {
  auto status = troubled_node();
  status.node = "mill\033[2J";
  status.version = "1\r2";
  status.supervisor->tree.last_error = "a\nb\tc\x7f"
                                       "d\033]0;title\a\xC2\x9B"
                                       "1m\xC2\xA0.";
  status.consumer->fault = "\033[31mred";
  for (const bool ascii : {false, true}) {
    const auto drawing = draw(status, {200, ascii});
    for (const auto& line : lines_of(drawing))
      CAF_CHECK(!logic::has_control_character(line));
    CAF_CHECK_EQUAL(lines_of(drawing)[0],
                    "millrace 1 2 on mill [2J: not ready,  [31mred");
    CAF_CHECK(lines_of(drawing)[13].ends_with(
      ascii ? "a b c d ]0;title  1m?." : "a b c d ]0;title  1m\xC2\xA0."));
  }
}

CAF_TEST(more_than_sixteen_partitions_are_summed) {
  auto status = troubled_node();
  status.consumer->partitions.clear();
  for (std::int32_t number = 0; number != 16; ++number)
    status.consumer->partitions.push_back(partition(number));
  auto lines = lines_of(draw(status));
  CAF_CHECK_EQUAL(lines[3], "partition  lag  read  finished  committed");
  CAF_CHECK_EQUAL(lines[19], "       15   75  1600        90          -");
  status.consumer->partitions.push_back(partition(16));
  status.consumer->partitions[3].lag_records.reset();
  status.consumer->partitions[4].leaving = true;
  status.consumer->partitions[5].stalled = true;
  status.consumer->partitions[6].stalled = true;
  lines = lines_of(draw(status, {200, false}));
  CAF_CHECK_EQUAL(lines[3],
                  "17 partitions, lag 665 in all, most 80 on partition 16, "
                  "1 of unknown lag, 1 leaving, 2 stalled");
  CAF_CHECK(lines[4].starts_with("credit "));
  for (auto& held : status.consumer->partitions) {
    held = partition(held.partition.value);
    held.lag_records = 0;
  }
  CAF_CHECK_EQUAL(lines_of(draw(status))[3], "17 partitions, lag 0 in all");
}

CAF_TEST(a_node_whose_parts_have_not_answered_claims_no_numbers) {
  NodeStatus status;
  status.node = "mill-2";
  status.version = "0.1.0";
  const std::string expected
    = "millrace 0.1.0 on mill-2: not ready, no partitions assigned yet\n"
      "records -, outputs -, dead letters -\n"
      "credit -, batches in flight -, dispatched again -\n"
      "partitions -\n"
      "the supervisor has not answered\n";
  CAF_CHECK_EQUAL(draw(status), expected);
}

CAF_TEST(times_are_rounded_down_to_what_people_read) {
  const std::vector<std::pair<std::chrono::milliseconds, std::string>> times{
    {0ms, "0 ms"},        {999ms, "999 ms"},    {1s, "1.0 s"},
    {59'900ms, "59.9 s"}, {1min, "1 min"},      {59min + 59s, "59 min"},
    {1h, "1 h"},          {49h + 59min, "49 h"}};
  for (const auto& [down, text] : times) {
    auto status = troubled_node();
    status.supervisor->tree = child(0, "dispatcher", 1);
    status.supervisor->tree.state = State::waiting;
    status.supervisor->tree.down_since = noon - down;
    CAF_CHECK_EQUAL(lines_of(draw(status)).back(),
                    "dispatcher  waiting " + text
                      + "     1         0       12");
  }
}

CAF_TEST(what_the_document_does_not_say_is_drawn_as_unknown) {
  const std::string expected = "millrace - on -: not ready, -\n"
                               "records -, outputs -, dead letters -\n"
                               "credit -, batches in flight -, dispatched "
                               "again -\n"
                               "partitions -\n"
                               "the supervisor has not answered\n";
  for (const auto* text :
       {"{}", R"({"node": null, "consumer": [], "supervision": 7})",
        R"({"consumer": {"partitions": {}}, "supervision": []})"})
    CAF_CHECK_EQUAL(draw_status(json::parse(text).as_object(), {}), expected);
}

CAF_TEST(no_document_breaks_the_drawing) {
  const std::string whole = status_json(troubled_node());
  std::mt19937_64 random{20'260'711};
  const std::vector<std::string> pieces{"null", "[]",    "{}",     "-1",
                                        "\"\"", "1e300", "[[{}]]", "true"};
  std::size_t drawn = 0;
  for (int round = 0; round != 3'000; ++round) {
    // Another value in place of one that follows a colon or a comma.
    auto text = whole;
    for (auto count = random() % 4 + 1; count != 0; --count) {
      const auto at = text.find_first_of(":,", random() % text.size());
      if (at == text.npos)
        continue;
      const auto end = text.find_first_of(",]}", at + 1);
      if (end == text.npos)
        continue;
      text.replace(at + 1, end - at - 1, pieces[random() % pieces.size()]);
    }
    boost::system::error_code fault;
    const auto value = json::parse(text, fault);
    if (fault || !value.is_object())
      continue;
    ++drawn;
    const auto drawing = draw_status(value.as_object(), {60, false});
    CAF_REQUIRE_GREATER(lines_of(drawing).size(), 4u);
    for (const auto& line : lines_of(drawing))
      CAF_REQUIRE_LESS_OR_EQUAL(characters(line), 60u);
  }
  CAF_CHECK_GREATER(drawn, 300u);
}

CAF_TEST(a_redrawn_text_fits_the_terminal) {
  CAF_CHECK_EQUAL(redrawn("one\ntwo\n", 24),
                  "\033[Hone\033[K\ntwo\033[K\n\033[J");
  CAF_CHECK_EQUAL(redrawn("one\ntwo\nthree\n", 3),
                  "\033[Hone\033[K\ntwo\033[K\n\033[J");
  CAF_CHECK_EQUAL(redrawn("one", 24), "\033[Hone\033[K\n\033[J");
  CAF_CHECK_EQUAL(redrawn("one\n", 1), "\033[H\033[J");
  CAF_CHECK_EQUAL(redrawn("", 24), "\033[H\033[J");
}
