#define CAF_SUITE shard_owners

#include "logic/detection/shard_owners.hpp"

#include "caf/test/dsl.hpp"

#include <optional>
#include <vector>

using namespace millrace::logic::detection;

namespace {

using Claims = std::vector<OwnedShard>;

ShardSet set_of(std::initializer_list<std::uint32_t> shards) {
  ShardSet set;
  for (const auto shard : shards)
    set.set(shard);
  return set;
}

} // namespace

CAF_TEST(who_has_not_heard_of_anybody_knows_that_nobody_owns) {
  const ShardOwners owners{4};
  CAF_CHECK(owners.own().none());
  CAF_CHECK(owners.elsewhere().empty());
  CAF_CHECK(owners.nobodys() == set_of({0, 1, 2, 3}));
}

CAF_TEST(each_shard_has_the_owner_who_says_so) {
  ShardOwners owners{4};
  owners.set_own(Claims{{0, 1}});
  owners.set_peer(7, Claims{{1, 1}, {3, 1}});
  CAF_CHECK(owners.own() == set_of({0}));
  CAF_REQUIRE_EQUAL(owners.elsewhere().size(), 1u);
  CAF_CHECK_EQUAL(owners.elsewhere()[0].peer, 7u);
  CAF_CHECK(owners.elsewhere()[0].shards == set_of({1, 3}));
  CAF_CHECK(owners.nobodys() == set_of({2}));
}

CAF_TEST(of_two_who_claim_a_shard_the_later_owner_is_right) {
  ShardOwners owners{2};
  owners.set_own(Claims{{0, 3}, {1, 3}});
  owners.set_peer(7, Claims{{0, 4}, {1, 2}});
  CAF_CHECK(owners.own() == set_of({1}));
  owners.set_peer(8, Claims{{0, 5}});
  CAF_REQUIRE_EQUAL(owners.elsewhere().size(), 1u);
  CAF_CHECK_EQUAL(owners.elsewhere()[0].peer, 8u);
  owners.forget_peer(8);
  CAF_CHECK_EQUAL(owners.elsewhere()[0].peer, 7u);
  owners.forget_peer(7);
  CAF_CHECK(owners.own() == set_of({0, 1}));
}

CAF_TEST(what_a_peer_says_replaces_what_it_said) {
  ShardOwners owners{2};
  owners.set_peer(7, Claims{{0, 1}, {1, 1}});
  owners.set_peer(7, Claims{{1, 1}});
  CAF_CHECK(owners.nobodys() == set_of({0}));
}

CAF_TEST(shards_that_there_are_not_are_left_out) {
  ShardOwners owners{2};
  owners.set_peer(7, Claims{{2, 1}, {255, 1}, {4'000'000'000, 1}});
  CAF_CHECK(owners.elsewhere().empty());
}

CAF_TEST(who_answers_that_a_shard_is_not_there_owns_it_no_more) {
  ShardOwners owners{3};
  owners.set_own(Claims{{0, 1}});
  owners.set_peer(7, Claims{{1, 1}, {2, 1}});
  owners.set_peer(8, Claims{{2, 5}});
  owners.heard(7, set_of({1, 2}), set_of({1, 2}), {});
  CAF_CHECK(owners.nobodys() == set_of({1}));
  CAF_CHECK(owners.own() == set_of({0}));
  owners.heard(std::nullopt, set_of({0}), set_of({0}), {});
  CAF_CHECK(owners.nobodys() == set_of({0, 1}));
  // Until it says so again.
  owners.set_peer(7, Claims{{1, 2}});
  CAF_CHECK(owners.nobodys() == set_of({0}));
}

CAF_TEST(a_shard_is_handed_over_until_its_next_owner_is_there) {
  ShardOwners owners{3};
  owners.set_peer(7, Claims{{0, 1}, {1, 1}});
  owners.heard(7, set_of({0, 1}), {}, set_of({0, 1}));
  CAF_CHECK(owners.handed_over() == set_of({0, 1}));
  // Another one's word does not count.
  owners.heard(8, set_of({0}), {}, {});
  CAF_CHECK(owners.handed_over() == set_of({0, 1}));
  owners.set_peer(8, Claims{{0, 2}});
  CAF_CHECK(owners.handed_over() == set_of({1}));
  // The same node may have it again.
  owners.set_peer(7, Claims{{0, 1}, {1, 3}});
  CAF_CHECK(owners.handed_over().none());
}

CAF_TEST(an_owner_learns_that_it_is_outdone) {
  ShardOwners owners{3};
  owners.set_own(Claims{{0, 1}, {1, 4}, {9, 1}});
  owners.set_peer(7, Claims{{0, 2}, {1, 3}, {2, 1}});
  CAF_CHECK(owners.outdone() == set_of({0}));
}
