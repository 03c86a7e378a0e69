#define CAF_SUITE owner_book

#include "logic/detection/owner_book.hpp"

#include "logic/detection/login_rows_codec.hpp"

#include "tests/logic/detection/login_batch.hpp"

#include "caf/test/dsl.hpp"

#include <string>
#include <vector>

using namespace millrace::logic;
using namespace millrace::logic::detection;
using namespace std::chrono_literals;
using millrace::tests::login_batch;
using millrace::tests::LoginText;

namespace {

using Claims = std::vector<OwnedShard>;

constexpr auto start = OwnerBook::Time{} + 1h;
constexpr PeerIncarnation peer = 7;
const Judge that_peer{Judge::Kind::peer, peer};

OwnerBook some_book() {
  OwnerBook book{{.shard_count = 32, .asked_bytes = 1'000}};
  book.begin(start);
  return book;
}

LoginRowsPtr many_rows() {
  std::vector<LoginText> logins(200);
  for (std::size_t user = 0; user != logins.size(); ++user)
    logins[user].user = std::to_string(user);
  return LoginRowBuilder{DetectionConfig{}}.rows_of(*login_batch(logins));
}

ShardSet only(std::uint32_t shard) {
  return ShardSet{}.set(shard);
}

} // namespace

CAF_TEST(a_start_has_settled_once_all_shards_have_owners) {
  auto book = some_book();
  CAF_CHECK(book.settles_at(start + 9s) == start + 10s);
  CAF_CHECK(!book.settles_at(start + 10s));
  Claims all;
  for (std::uint32_t shard = 0; shard != 32; ++shard)
    all.push_back({shard, 1});
  book.set_own(all);
  book.set_own({}); // later moves do not count as a start
  book.begin(start + 1s);
  CAF_CHECK(!book.settles_at(start + 1s));
}

CAF_TEST(an_owner_that_was_missed_is_not_waited_for_until_it_is_there) {
  auto book = some_book();
  CAF_CHECK(book.is_waited_for(only(3)));
  book.note_missed(only(3));
  CAF_CHECK(!book.is_waited_for(only(3)));
  CAF_CHECK(book.is_waited_for(only(3) | only(4)));
  book.set_peer(peer, Claims{{3, 1}});
  CAF_CHECK(book.is_waited_for(only(3)));
}

CAF_TEST(a_peer_that_was_late_is_not_waited_for_until_it_answers) {
  auto book = some_book();
  CAF_CHECK(!book.is_waited_for(peer));
  book.link_up(peer);
  CAF_CHECK(book.is_waited_for(peer));
  CAF_CHECK(book.note_late(peer));
  CAF_CHECK(!book.note_late(peer));
  CAF_CHECK(!book.is_waited_for(peer));
  book.answered(that_peer, many_rows(), only(3), {}, false);
  CAF_CHECK(book.is_waited_for(peer));
}

CAF_TEST(a_peer_is_asked_no_more_than_it_grants_and_this_node_can_hold) {
  auto book = some_book();
  CAF_CHECK(!book.lend(peer, 1));
  book.link_up(peer);
  // One question at a time always passes.
  CAF_CHECK(book.lend(peer, 5'000));
  CAF_CHECK(!book.lend(peer, 1));
  book.give_back(peer, 5'000);
  book.grant(peer, 600);
  CAF_CHECK(book.lend(peer, 300));
  CAF_CHECK(book.lend(peer, 300));
  CAF_CHECK(!book.lend(peer, 1));
  CAF_CHECK_EQUAL(book.peers().at(peer).asked_bytes, 600u);
  CAF_CHECK(!book.has_room(peer));
  book.give_back(peer, 299);
  CAF_CHECK(!book.has_room(peer));
  book.give_back(peer, 1);
  CAF_CHECK(book.has_room(peer));
  book.give_back(peer, 300);
  // What it can hold is shared among the peers.
  book.grant(peer, 1'000'000);
  book.link_up(8);
  CAF_CHECK(book.lend(peer, 500));
  CAF_CHECK(!book.lend(peer, 1));
  CAF_CHECK(book.lend(8, 500));
  // Nothing is under way after a restart.
  book.begin(start);
  CAF_CHECK(book.lend(peer, 500));
}

CAF_TEST(what_a_leaving_owner_judges_is_kept_for_the_next_one) {
  auto book = some_book();
  const auto rows = many_rows();
  book.set_peer(peer, Claims{{3, 1}, {4, 1}});
  ShardJudgements answer;
  answer.handed_over = {3};
  CAF_CHECK(!book.answered(that_peer, rows, only(3) | only(4), answer, true));
  CAF_CHECK_GREATER(book.owed_bytes(), 0u);
  CAF_CHECK(book.payable().empty());
  book.set_own(Claims{{3, 2}});
  const auto debts = book.payable();
  CAF_REQUIRE_EQUAL(debts.size(), 1u);
  CAF_CHECK(debts[0].rows == rows);
  CAF_CHECK(debts[0].shards == only(3));
  // An answer that comes after the next owner is there can be paid at once.
  CAF_CHECK(book.answered(that_peer, rows, only(3), answer, true));
  CAF_CHECK_EQUAL(book.payable().size(), 1u);
}

CAF_TEST(whoever_does_not_answer_or_has_not_the_shard_owns_it_no_more) {
  auto book = some_book();
  const auto rows = many_rows();
  book.set_peer(peer, Claims{{3, 1}, {4, 1}, {5, 1}});
  ShardJudgements answer;
  answer.absent = {3};
  book.answered(that_peer, rows, only(3) | only(4), answer, true);
  CAF_CHECK(book.owners().nobodys().test(3));
  CAF_CHECK(!book.owners().nobodys().test(4));
  CAF_CHECK_EQUAL(book.owed_bytes(), 0u); // somebody else is asked
  book.failed(that_peer, rows, only(4), true);
  CAF_CHECK(book.owners().nobodys().test(4));
  CAF_CHECK_EQUAL(book.owed_bytes(), 0u);
  // Events that went on unjudged meanwhile are told to whoever is next.
  book.failed(that_peer, rows, only(5), false);
  CAF_CHECK_GREATER(book.owed_bytes(), 0u);
  book.set_peer(8, Claims{{5, 2}});
  CAF_CHECK_EQUAL(book.payable().size(), 1u);
}

CAF_TEST(a_peer_that_is_gone_owns_nothing) {
  auto book = some_book();
  book.link_up(peer);
  book.set_peer(peer, Claims{{3, 1}});
  book.link_down(peer);
  CAF_CHECK(book.owners().nobodys().test(3));
  CAF_CHECK(!book.lend(peer, 1));
}
