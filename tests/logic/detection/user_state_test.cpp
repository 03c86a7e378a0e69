#define CAF_SUITE user_state

#include "logic/detection/random.hpp"
#include "logic/detection/user_state.hpp"

#include "caf/test/dsl.hpp"

#include <algorithm>
#include <set>
#include <unordered_map>

using namespace millrace::logic::detection;

CAF_TEST(a_user_is_found_again_with_the_state_left_behind) {
  UserTable table{64};
  CAF_CHECK(table.find(42) == nullptr);
  table.touch(42).logins = 7;
  CAF_CHECK_EQUAL(table.touch(42).logins, 7u);
  CAF_REQUIRE(table.find(42) != nullptr);
  CAF_CHECK_EQUAL(table.find(42)->logins, 7u);
  // The tag of both is 42; the users are not.
  constexpr auto namesake = (std::uint64_t{1} << 40) + 42;
  CAF_CHECK_EQUAL(table.touch(namesake).logins, 0u);
  CAF_CHECK_EQUAL(table.find(42)->logins, 7u);
  CAF_CHECK_EQUAL(table.touch(0).logins, 0u);
  CAF_CHECK_EQUAL(table.size(), 3u);
}

CAF_TEST(the_table_never_holds_more_users_than_it_has_room_for) {
  UserTable table{1000};
  CAF_CHECK_EQUAL(table.capacity(), 1000u);
  Random random{91};
  for (int i = 0; i != 20000; ++i)
    table.touch(random.next());
  CAF_CHECK_LESS_OR_EQUAL(table.size(), table.capacity());
  CAF_CHECK_GREATER(table.size(), 900u);
  CAF_CHECK_EQUAL(table.evictions(), 20000 - table.size());
}

CAF_TEST(the_least_recently_seen_of_a_set_makes_room) {
  UserTable table{UserTable::ways};
  for (std::uint64_t user = 1; user <= UserTable::ways; ++user)
    table.touch(user).logins = 1;
  table.touch(1);
  table.touch(100);
  CAF_CHECK(table.find(1) != nullptr);
  CAF_CHECK(table.find(2) == nullptr);
  CAF_CHECK(table.find(3) != nullptr);
  // Asking is not seeing.
  table.find(3);
  table.touch(101);
  CAF_CHECK(table.find(3) == nullptr);
  CAF_CHECK_EQUAL(table.evictions(), 2u);
}

CAF_TEST(users_of_one_shard_spread_over_all_sets) {
  // Equal upper halves, as the users of a narrow shard have.
  UserTable table{8000};
  Random random{92};
  for (int i = 0; i != 4000; ++i)
    table.touch((std::uint64_t{7} << 60) | (random.next() >> 4));
  CAF_CHECK_GREATER(table.size(), 3800u);
}

CAF_TEST(what_is_not_evicted_agrees_with_a_plain_map) {
  UserTable table{512};
  std::unordered_map<std::uint64_t, std::uint16_t> expected;
  Random random{93};
  for (int i = 0; i != 5000; ++i) {
    const auto user = random.below(700) * 0x9E3779B97F4A7C15U;
    auto& state = table.touch(user);
    if (state.logins == 0)
      expected[user] = 0;
    CAF_REQUIRE_EQUAL(state.logins, expected[user]);
    state.logins = ++expected[user];
  }
  CAF_CHECK_GREATER(table.evictions(), 0u);
}

CAF_TEST(rows_touched_since_a_stamp_are_found_without_books) {
  UserTable table{512};
  table.resume(0xFFFFFFF0U); // it wraps on the way
  Random random{94};
  for (int round = 0; round != 20; ++round) {
    const auto stamp = table.touches();
    std::set<std::uint64_t> expected;
    for (int i = 0; i != 20; ++i) {
      const auto user = random.below(400) * 0x9E3779B97F4A7C15U;
      table.touch(user);
      expected.insert(user);
    }
    std::set<std::uint64_t> found;
    table.visit_touched(0, table.sets(), stamp, [&](std::size_t place) {
      found.insert(table.row(place).user_hash);
    });
    CAF_CHECK(std::includes(expected.begin(), expected.end(), found.begin(),
                            found.end()));
    for (const auto user : expected)
      CAF_CHECK(found.contains(user) || table.find(user) == nullptr);
  }
}

CAF_TEST(a_row_is_put_back_where_its_hash_may_be_and_only_once) {
  UserTable table{512};
  table.touch(42).logins = 3;
  std::size_t place = 0;
  table.visit_rows(0, table.sets(), [&](std::size_t each) { place = each; });
  const auto row = table.row(place);
  UserTable other{512};
  CAF_CHECK(!other.put_back(place + UserTable::ways, 1, row)); // another set
  CAF_CHECK(!other.put_back(other.capacity(), 1, row));
  CAF_CHECK_EQUAL(other.size(), 0u);
  CAF_CHECK(other.put_back(place, 1, row));
  CAF_CHECK(other.put_back(place, 2, row));
  CAF_CHECK_EQUAL(other.size(), 1u);
  // The same user at another place of the set, as after something was lost.
  CAF_CHECK(other.put_back(place + 1, 3, row));
  CAF_CHECK_EQUAL(other.size(), 1u);
  CAF_REQUIRE(other.find(42) != nullptr);
  CAF_CHECK_EQUAL(other.find(42)->logins, 3u);
}
