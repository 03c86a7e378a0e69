#define CAF_SUITE lag_report

#include "node/commands/lag_report.hpp"

#include "caf/test/dsl.hpp"

#include <boost/json/serialize.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <utility>

using namespace millrace::logic;
using namespace millrace::node;
using namespace std::chrono_literals;

namespace {

PartitionPlace place(std::int32_t partition,
                     std::optional<std::int64_t> committed, std::int64_t end) {
  PartitionPlace place;
  place.topic = "user-login";
  place.partition = PartitionId{partition};
  if (committed)
    place.committed = Offset{*committed};
  place.low = Offset{0};
  place.end = Offset{end};
  return place;
}

GroupSight sight_at(std::chrono::seconds time) {
  GroupSight sight;
  sight.group = "user-group";
  sight.state = GroupState::stable;
  sight.assignor = "cooperative-sticky";
  sight.members = {{"millrace", "10.0.0.4", "", "millrace-1"},
                   {"millrace", "10.0.0.5", "node-2", "millrace-2"}};
  sight.at = GroupSight::TimePoint{time};
  return sight;
}

GroupLagHistory history_of_two() {
  GroupLagHistory history{10};
  auto first = sight_at(0s);
  first.places = {place(0, 0, 1'000), place(1, 100, 100), place(2, {}, 50)};
  first.places[0].holder = 0;
  first.places[1].holder = 1;
  auto second = sight_at(2s);
  second.places = first.places;
  second.places[0].committed = Offset{600};
  second.places[0].end = Offset{1'200};
  second.places[2].end = Offset{60};
  history.add(first);
  history.add(second);
  return history;
}

} // namespace

CAF_TEST(a_group_is_drawn_with_its_sums_and_a_line_for_each_partition) {
  CAF_CHECK_EQUAL(
    commands::draw_lag(history_of_two(), {120, true}),
    R"(group user-group: stable, 2 members, assignor cooperative-sticky
lag 660 on 3 partitions, in 105/s, done 300/s: caught up in 3.4 s
1 held by nobody, 1 standing still
topic user-login
partition  committed   end  lag  in/s  done/s  caught up in  holder
        0        600  1200  600   100     300         3.0 s  millrace at 10.0.0.4
        1        100   100    0     0       0     caught up  millrace (node-2) at 10.0.0.5
        2          -    60   60   5.0       0  stands still  nobody                         never committed
)");
}

CAF_TEST(a_single_look_has_no_rates) {
  GroupLagHistory history{10};
  auto sight = sight_at(0s);
  sight.members_known = false;
  sight.places = {place(0, 40, 100)};
  sight.missing_topics = {"no-such"};
  history.add(sight);
  CAF_CHECK_EQUAL(commands::draw_lag(history, {120, true}),
                  R"(group user-group: the brokers do not tell who is in it
lag 60 on 1 partition
topic no-such: does not exist
topic user-login
partition  committed  end  lag  holder
        0         40  100   60  -
)");
}

CAF_TEST(text_from_outside_cannot_order_the_terminal_about) {
  GroupLagHistory history{10};
  auto sight = sight_at(0s);
  sight.members[0].client_id = "a\033[2Jb";
  sight.places = {place(0, 40, 100)};
  sight.places[0].holder = 0;
  history.add(sight);
  CAF_CHECK_EQUAL(commands::draw_lag(history, {120, true}).find('\033'),
                  std::string::npos);
}

CAF_TEST(the_document_has_all_of_it) {
  const auto page = commands::lag_document(history_of_two());
  const auto& lines = page.at("partitions").as_array();
  CAF_REQUIRE_EQUAL(lines.size(), 3u);
  CAF_CHECK_EQUAL(boost::json::serialize(lines[0]),
                  R"({"topic":"user-login","partition":0,"committed":600,)"
                  R"("low":0,"end":1200,"lag":600,"remark":"none","expired":0,)"
                  R"("nothing_to_read":false,"holder":{"client_id":"millrace",)"
                  R"("host":"10.0.0.4","instance_id":"",)"
                  R"("member_id":"millrace-1"},"in_per_second":1E2,)"
                  R"("done_per_second":3E2,"trend":"catching_up",)"
                  R"("catch_up_seconds":3E0})");
  CAF_CHECK(lines[2].as_object().at("committed").is_null());
  CAF_CHECK(lines[2].as_object().at("holder").is_null());
  CAF_CHECK_EQUAL(page.at("members").as_array().size(), 2u);
  const auto& total = page.at("total").as_object();
  CAF_CHECK_EQUAL(total.at("lag").as_int64(), 660);
  CAF_CHECK_EQUAL(total.at("held_by_nobody").to_number<int>(), 1);
  CAF_CHECK_EQUAL(total.at("standing_still").to_number<int>(), 1);
}
