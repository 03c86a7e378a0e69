#define CAF_SUITE judgement_router

#include "actors/stages/judgement_router.hpp"

#include "tests/actors/stages/router_fixture.hpp"

using namespace millrace;
using namespace millrace::tests;
using namespace std::chrono_literals;

CAF_TEST_FIXTURE_SCOPE(judgement_router_tests, RouterFixture)

CAF_TEST(a_node_alone_judges_all_by_its_detectors) {
  start(true);
  auto answer = ask_next(many_users());
  run();
  CAF_CHECK_EQUAL(unjudged(take(answer, 400)), 0u);
  auto again = ask_next(burst(11));
  run();
  CAF_CHECK(take(again, 11)[10].has(logic::Rule::velocity));
}

CAF_TEST(batches_of_a_partition_are_judged_in_their_order) {
  start(true);
  auto second = ask(burst(5), 1);
  run();
  auto first = ask(burst(6), 0);
  run();
  CAF_CHECK(!take(first, 6)[5].has(logic::Rule::velocity));
  CAF_CHECK(take(second, 5)[4].has(logic::Rule::velocity));
}

CAF_TEST(what_another_node_owns_is_judged_there) {
  start(false);
  link_up();
  own(0, 16);
  other_owns(16, 32);
  auto answer = ask_next(many_users());
  run();
  CAF_CHECK_EQUAL(unjudged(take(answer, 400)), 0u);
  CAF_REQUIRE_EQUAL(other.asked.size(), 1u);
  CAF_CHECK(other.asked[0] > 150 && other.asked[0] < 250);
  CAF_CHECK_EQUAL(count("millrace_events_judged_elsewhere_total"),
                  static_cast<double>(other.asked[0]));
  CAF_CHECK_EQUAL(count("millrace_events_unjudged_total"), 0.0);
}

CAF_TEST(a_peer_that_is_late_costs_its_own_events_once) {
  start(false);
  link_up();
  own(0, 16);
  other_owns(16, 32);
  other.silent = true;
  auto first = ask_next(many_users());
  run();
  advance_time(150ms);
  run();
  CAF_CHECK_EQUAL(count("millrace_events_unjudged_total"), 0.0);
  advance_time(100ms);
  run();
  CAF_CHECK_EQUAL(unjudged(take(first, 400)), other.asked[0]);
  CAF_CHECK_EQUAL(count("millrace_peers_late_total"), 1.0);
  // It is asked still, but not waited for.
  auto second = ask_next(many_users());
  run();
  CAF_CHECK_EQUAL(unjudged(take(second, 400)), other.asked[1]);
  // Once it answers in time it is waited for again.
  other.silent = false;
  auto third = ask_next(many_users());
  run();
  take(third, 400);
  auto fourth = ask_next(many_users());
  run();
  CAF_CHECK_EQUAL(unjudged(take(fourth, 400)), 0u);
}

CAF_TEST(a_peer_that_is_gone_or_talks_nonsense_is_not_waited_for) {
  start(false);
  link_up();
  own(0, 16);
  other_owns(16, 32);
  other.instead = wire::JudgeAnswer{"nonsense"};
  auto first = ask_next(many_users());
  run();
  CAF_CHECK_EQUAL(unjudged(take(first, 400)), other.asked[0]);
  CAF_CHECK_EQUAL(log->count("an answer that makes no sense"), 1u);
  other.instead.reset();
  caf::anon_send_exit(link, caf::exit_reason::kill);
  run();
  auto second = ask_next(many_users());
  run();
  advance_time(250ms); // somebody else may own them soon
  run();
  CAF_CHECK_GREATER(unjudged(take(second, 400)), 0u);
}

CAF_TEST(who_starts_waits_for_owners_and_asks_them_then) {
  start(false);
  auto answer = ask_next(many_users());
  run();
  advance_time(5s);
  run();
  CAF_CHECK_EQUAL(count("millrace_events_unjudged_total"), 0.0);
  link_up();
  own(0, 16);
  other_owns(16, 32);
  CAF_CHECK_EQUAL(unjudged(take(answer, 400)), 0u);
}

CAF_TEST(an_owner_that_is_found_late_is_told_what_it_missed) {
  start(false);
  link_up();
  own(0, 32);
  own(0, 0); // they are to move
  auto unowned = ask_next(burst(8));
  run();
  CAF_CHECK_EQUAL(count("millrace_events_unjudged_total"), 0.0);
  advance_time(250ms);
  run();
  CAF_CHECK_EQUAL(unjudged(take(unowned, 8)), 8u);
  // The next are not even waited for.
  auto more = ask_next(burst(2));
  run();
  CAF_CHECK_EQUAL(unjudged(take(more, 2)), 2u);
  other_owns(0, 32);
  CAF_CHECK_EQUAL(other.asked, (std::vector<std::size_t>{8, 2}));
  auto last = ask_next(burst(1));
  run();
  CAF_CHECK(take(last, 1)[0].has(logic::Rule::velocity));
}

CAF_TEST(
  what_was_missed_is_told_in_runs_and_not_looked_through_at_each_answer) {
  start(false);
  own(0, 32);
  own(0, 0); // they are to move
  for (int batch = 0; batch != 100; ++batch) {
    auto unowned = ask_next(burst(1));
    run();
    advance_time(250ms); // only the first of them is waited for
    run();
    take(unowned, 1);
  }
  other.silent = true;
  link_up(20'000);
  other_owns(0, 32);
  const auto window = other.asked.size();
  CAF_REQUIRE(window > 10 && window < 100);
  for (std::size_t answers = 1; answers != window / 2 - 1; ++answers)
    answer_oldest();
  CAF_CHECK_EQUAL(other.asked.size(), window);
  for (int answers = 0; answers != 4; ++answers)
    answer_oldest();
  CAF_CHECK_GREATER(other.asked.size(), window + 2);
  while (!other.unanswered.empty())
    answer_oldest();
  CAF_CHECK_EQUAL(other.asked.size(), 100u); // nothing is forgotten
}

CAF_TEST(the_status_says_who_owns_what_and_who_judged) {
  start(false);
  link_up(123'456);
  own(0, 8);
  other_owns(8, 30);
  auto answer = ask_next(many_users());
  run();
  advance_time(11s);
  run();
  take(answer, 400);
  messages::JudgementsStatus status;
  auto asked = self->request(router, caf::infinite, messages::ReportStatus{});
  run();
  asked.receive(
    [&](const messages::JudgementsStatus& report) { status = report; },
    [](const caf::error& error) { CAF_FAIL("no status: " << error); });
  CAF_REQUIRE_EQUAL(status.owners.size(), 2u);
  CAF_CHECK_EQUAL(status.owners[0].shards.size(), 8u);
  CAF_CHECK_EQUAL(status.owners[1].incarnation, peer_incarnation);
  CAF_CHECK_EQUAL(status.owners[1].shards.size(), 22u);
  CAF_CHECK_EQUAL(status.unowned, (std::vector<std::uint32_t>{30, 31}));
  CAF_CHECK_EQUAL(status.here + status.elsewhere + status.unjudged, 400u);
  CAF_CHECK_EQUAL(status.elsewhere, other.asked[0]);
  CAF_CHECK_GREATER(status.unjudged, 0u);
  CAF_REQUIRE_EQUAL(status.peers.size(), 1u);
  CAF_CHECK_EQUAL(status.peers[0].credit_bytes, 123'456u);
  CAF_CHECK_GREATER(status.owed_bytes, 0u);
}

CAF_TEST(questions_of_peers_are_answered) {
  start(true);
  const auto rows
    = logic::detection::LoginRowBuilder{logic::detection::DetectionConfig{}}
        .rows_of(*login_batch(burst(12)));
  const auto all = logic::detection::ShardSet{}.set();
  auto answer = self->request(
    router, caf::infinite,
    wire::JudgeRequest{logic::detection::encode_rows(*rows, all)});
  run();
  answer.receive(
    [&](const wire::JudgeAnswer& judged) {
      const auto decoded = logic::detection::decode_judgements(
        judged.judgements, *rows, all);
      CAF_REQUIRE(decoded);
      CAF_CHECK(decoded->judgements[11].has(logic::Rule::velocity));
    },
    [](const caf::error& error) { CAF_FAIL("no answer: " << error); });
  CAF_CHECK_EQUAL(count("millrace_events_judged_for_others_total"), 12.0);
  bool refused = false;
  auto bad = self->request(router, caf::infinite, wire::JudgeRequest{"x"});
  run();
  bad.receive([](const wire::JudgeAnswer&) {},
              [&](const caf::error&) { refused = true; });
  CAF_CHECK(refused);
  CAF_CHECK_EQUAL(log->count("a question that makes no sense"), 1u);
}

CAF_TEST(the_successor_of_a_detector_is_asked_again) {
  start(true);
  for (const auto& detector : detectors)
    caf::anon_send_exit(detector->current(), caf::exit_reason::kill);
  run();
  auto answer = ask_next(many_users());
  run();
  for (std::uint32_t number = 0; number != 2; ++number) {
    actors::AnomalyDetectorParameters parameters;
    parameters.number = number;
    parameters.detector_count = 2;
    parameters.mark = std::make_shared<actors::WorkMark>();
    parameters.surroundings = around;
    auto started = actors::anomaly_detectors(sys, std::move(parameters))(
      logic::Incarnation{2});
    detectors[number]->assign(std::move(*started));
    caf::anon_send(router, messages::DetectorReplaced{number, std::nullopt});
  }
  run();
  CAF_CHECK_EQUAL(unjudged(take(answer, 400)), 0u);
}

CAF_TEST_FIXTURE_SCOPE_END()
