#define CAF_SUITE judgement_router_moves

#include "actors/stages/judgement_router.hpp"

#include "tests/actors/stages/router_fixture.hpp"

/// Shards that move while they are asked about.
using namespace millrace;
using namespace millrace::tests;
using namespace std::chrono_literals;

CAF_TEST_FIXTURE_SCOPE(judgement_router_moves_tests, RouterFixture)

CAF_TEST(a_leaving_owner_judges_on_and_the_next_one_is_told) {
  start(false);
  link_up();
  other_owns(0, 32);
  other.hand_over();
  auto leaving = ask_next(burst(9));
  run();
  CAF_CHECK_EQUAL(unjudged(take(leaving, 9)), 0u);
  // It comes here, without what was judged there since: but for this node,
  // which knows, it would be forgotten.
  own(0, 32, 2);
  auto last = ask_next(burst(2));
  run();
  CAF_CHECK(take(last, 2)[1].has(logic::Rule::velocity));
  CAF_CHECK_EQUAL(other.asked.size(), 1u);
  CAF_CHECK_EQUAL(count("millrace_events_unjudged_total"), 0.0);
}

CAF_TEST(what_a_former_owner_does_not_have_is_asked_of_the_next_one) {
  start(false);
  link_up();
  own(0, 16);
  other_owns(16, 32);
  other.silent = true;
  auto answer = ask_next(many_users());
  run();
  // The next owner is heard of before the former one answers.
  own(0, 32, 2);
  other.give_up_all();
  answer_all();
  CAF_CHECK_EQUAL(unjudged(take(answer, 400)), 0u);
  CAF_CHECK_EQUAL(count("millrace_events_unjudged_total"), 0.0);
}

CAF_TEST(a_former_owner_without_a_next_one_is_waited_after) {
  start(false);
  link_up();
  own(0, 16);
  other_owns(16, 32);
  other.give_up_all();
  auto answer = ask_next(many_users());
  run();
  CAF_CHECK_EQUAL(other.asked.size(), 1u); // once, not again and again
  advance_time(100ms);
  run();
  CAF_CHECK_EQUAL(count("millrace_events_unjudged_total"), 0.0);
  own(0, 32, 2);
  CAF_CHECK_EQUAL(unjudged(take(answer, 400)), 0u);
}

CAF_TEST(two_who_send_for_each_other_are_not_asked_for_ever) {
  start(false);
  link_up();
  other_owns(0, 32);
  other.give_up_all();
  auto answer = ask_next(burst(3));
  run();
  for (int announcement = 0; announcement != 4; ++announcement)
    other_owns(0, 32); // and has nothing
  CAF_CHECK_EQUAL(unjudged(take(answer, 3)), 3u);
  CAF_CHECK_EQUAL(other.asked.size(), 5u);
}

CAF_TEST(what_a_peer_did_not_answer_before_it_went_is_asked_elsewhere) {
  start(false);
  link_up();
  other_owns(0, 32);
  other.silent = true;
  auto waiting = ask_next(burst(3));
  run();
  end_link();
  CAF_CHECK_EQUAL(count("millrace_events_unjudged_total"), 0.0);
  own(0, 32, 2);
  CAF_CHECK_EQUAL(unjudged(take(waiting, 3)), 0u);
}

CAF_TEST(what_a_frozen_peer_was_asked_in_vain_its_next_owner_learns) {
  start(false);
  link_up();
  other_owns(0, 32);
  other.silent = true;
  auto waiting = ask_next(burst(9));
  run();
  advance_time(300ms);
  run();
  CAF_CHECK_EQUAL(unjudged(take(waiting, 9)), 9u);
  end_link();
  own(0, 32, 2);
  auto last = ask_next(burst(2));
  run();
  CAF_CHECK(take(last, 2)[1].has(logic::Rule::velocity));
}

CAF_TEST(a_peer_is_asked_within_its_credit) {
  start(false);
  link_up(1'000);
  other_owns(0, 32);
  other.silent = true;
  auto first = ask_next(many_users());
  auto second = ask_next(many_users());
  run();
  CAF_CHECK_EQUAL(other.asked.size(), 1u);
  CAF_CHECK_GREATER(count("millrace_judgements_asked_bytes"), 1'000.0);
  other.silent = false;
  answer_all();
  CAF_CHECK_EQUAL(unjudged(take(first, 400)), 0u);
  CAF_CHECK_EQUAL(unjudged(take(second, 400)), 0u);
  CAF_CHECK_EQUAL(other.asked.size(), 2u);
  CAF_CHECK_EQUAL(count("millrace_judgements_asked_bytes"), 0.0);
}

CAF_TEST(what_a_slow_peer_cannot_take_in_time_it_is_told_later) {
  start(false);
  link_up(1'000);
  other_owns(0, 32);
  other.silent = true;
  auto first = ask_next(many_users());
  auto second = ask_next(many_users());
  run();
  advance_time(300ms);
  run();
  CAF_CHECK_EQUAL(unjudged(take(first, 400)), 400u);
  CAF_CHECK_EQUAL(unjudged(take(second, 400)), 400u);
  CAF_CHECK_EQUAL(other.asked.size(), 1u);
  other.silent = false;
  answer_all();
  CAF_CHECK_EQUAL(other.asked.size(), 2u);
}

CAF_TEST(an_owner_is_told_which_shards_a_peer_has_by_now) {
  start(false);
  own(0, 32);
  link_up();
  other_owns(4, 6, 2);
  messages::ShardsOutdone outdone;
  auto asked = self->request(router, caf::infinite,
                             messages::OwnShards{shards(0, 32)});
  run();
  asked.receive([&](const messages::ShardsOutdone& said) { outdone = said; },
                [](const caf::error& error) { CAF_FAIL("none: " << error); });
  CAF_CHECK(outdone.linked);
  CAF_CHECK_EQUAL(outdone.shards, (std::vector<std::uint32_t>{4, 5}));
}

CAF_TEST_FIXTURE_SCOPE_END()
