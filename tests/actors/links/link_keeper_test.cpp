#define CAF_SUITE link_keeper

#include "actors/links/link_keeper.hpp"

#include "caf/test/dsl.hpp"

#include "tests/actors/links/simulated_network.hpp"
#include "tests/support/metric_text.hpp"

using namespace millrace;
using namespace millrace::tests;
using namespace std::chrono_literals;

namespace {

namespace wire = messages::wire;

std::string detail_of(const MemoryLog& log) {
  std::string text;
  for (const auto& line : log.lines())
    if (line.message == "link refused")
      text += std::get<std::string>(line.fields.at("detail")) + "\n";
  return text;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(link_keeper_tests, LinkedNodes)

CAF_TEST(nodes_that_know_each_other_are_linked_once) {
  start_all("abc");
  CAF_CHECK_EQUAL(linked((*this)["a"]), "bc");
  CAF_CHECK_EQUAL(linked((*this)["b"]), "ac");
  CAF_CHECK_EQUAL(linked((*this)["c"]), "ab");
  for (const auto& [name, node] : nodes) {
    CAF_CHECK_EQUAL(node->seen.ups.size(), 2u);
    CAF_CHECK(node->seen.downs.empty());
    CAF_CHECK_EQUAL(node->log->count("linked"), 2u);
    CAF_CHECK_EQUAL(metric_value(*node->registry, "millrace_links"), 2.0);
  }
  // Two ends of three links.
  CAF_CHECK_EQUAL(network->admitted.size(), 6u);
}

CAF_TEST(the_status_names_role_address_round_trip_and_since) {
  start_all("ab");
  const auto report = status((*this)["a"]);
  CAF_REQUIRE_EQUAL(report.links.size(), 1u);
  const auto& link = report.links.front();
  CAF_CHECK_EQUAL(link.address, "10.0.0.2:9110");
  CAF_CHECK(!link.inbound);
  CAF_CHECK(link.round_trip.has_value());
  CAF_CHECK_GREATER_OR_EQUAL(link.since_ms, 1'730'000'000'000);
  CAF_CHECK(status((*this)["b"]).links.front().inbound);
}

CAF_TEST(two_who_dial_each_other_at_one_moment_keep_one_link) {
  all_begin = true;
  start_all("ab");
  CAF_CHECK_EQUAL(linked((*this)["a"]), "b");
  CAF_CHECK_EQUAL(linked((*this)["b"]), "a");
  CAF_CHECK_EQUAL(network->admitted.size(), 2u);
  // The link is the one that the lower incarnation dialled.
  CAF_CHECK(!status((*this)["a"]).links.front().inbound);
  CAF_CHECK((*this)["a"].seen.downs.empty());
  for (const auto* name : {"a", "b"})
    CAF_CHECK_EQUAL(metric_value(*(*this)[name].registry, "millrace_links"),
                    1.0);
}

CAF_TEST(three_who_are_linked_grant_each_other_half) {
  start_all("abc");
  for (const auto& [name, node] : nodes) {
    CAF_CHECK_EQUAL(node->seen.credit.size(), 2u);
    for (const auto& [peer, bytes] : node->seen.credit)
      CAF_CHECK_EQUAL(bytes, 600u);
    CAF_CHECK_EQUAL(status(*node).links.front().granted_bytes, 600u);
    const auto* other = name == "a" ? "b" : "a";
    CAF_CHECK_EQUAL(
      metric_value(*node->registry, "millrace_link_credit_bytes{peer=\""
                                      + std::string{other} + "\"}"),
      600.0);
  }
  // With one less the other gets all again.
  stop((*this)["c"]);
  pass(100ms);
  const auto& a = (*this)["a"];
  CAF_CHECK_EQUAL(
    a.seen.credit.at((*this)["b"].starts << 8U | std::uint64_t{'b'}), 1'200u);
  CAF_CHECK(
    !metric_value(*a.registry, "millrace_link_credit_bytes{peer=\"c\"}"));
}

CAF_TEST(requests_go_through_the_link_and_fail_with_it) {
  start_all("ab");
  const auto peer = (*this)["a"].seen.ups.front().peer;
  auto answer = self->request(peer.link, caf::infinite, wire::Ping{42});
  run();
  answer.receive(
    [](const wire::Pong& pong) { CAF_CHECK_EQUAL(pong.number, 42u); },
    [](const caf::error& error) { CAF_FAIL("no answer: " << error); });
  stop((*this)["b"]);
  pass(100ms);
  auto failed = self->request(peer.link, caf::infinite, wire::Ping{43});
  run();
  bool refused = false;
  failed.receive([](const wire::Pong&) {},
                 [&refused](const caf::error&) { refused = true; });
  CAF_CHECK(refused);
}

CAF_TEST(a_node_that_goes_is_noticed_and_one_that_comes_back_is_linked) {
  start_all("ab");
  const auto first = (*this)["a"].seen.ups.front().peer.node.incarnation;
  stop((*this)["b"]);
  pass(100ms);
  CAF_REQUIRE_EQUAL((*this)["a"].seen.downs.size(), 1u);
  CAF_CHECK_EQUAL((*this)["a"].seen.downs.front().incarnation, first);
  CAF_CHECK_EQUAL(metric_value(*(*this)["a"].registry, "millrace_links"), 0.0);
  CAF_CHECK(!metric_value(*(*this)["a"].registry,
                          "millrace_link_round_trip_seconds{peer=\"b\"}"));
  auto& b = (*this)["b"];
  b.door = actors::spawn_door(sys, b.keeper);
  b.watcher = sys.spawn(witness_of, &b.seen);
  network->doors[b.endpoint] = b.door;
  start(b);
  pass(6s);
  CAF_CHECK_EQUAL(linked((*this)["a"]), "b");
  CAF_CHECK_NOT_EQUAL((*this)["a"].seen.ups.back().peer.node.incarnation,
                      first);
}

CAF_TEST(a_keeper_that_is_started_anew_dials_anew) {
  start_all("ab");
  auto& a = (*this)["a"];
  caf::anon_send_exit(a.keeper->current(), caf::exit_reason::kill);
  run();
  start(a);
  pass(4s);
  CAF_CHECK_EQUAL(linked(a), "b");
  CAF_CHECK_EQUAL(linked((*this)["b"]), "a");
  CAF_CHECK_EQUAL((*this)["b"].seen.downs.size(), 1u);
  CAF_CHECK_EQUAL(a.seen.ups.size(), 2u);
  CAF_CHECK_EQUAL(network->admitted.size(), 2u);
}

CAF_TEST(who_does_not_fit_is_refused_with_one_line_on_both_sides) {
  for (const std::string name : {"a", "b"})
    add(name);
  (*this)["b"].identity.cluster = "payments";
  for (const auto& [name, node] : nodes)
    start(*node);
  pass(60s);
  CAF_CHECK_EQUAL(linked((*this)["a"]), "");
  for (const auto& [name, node] : nodes) {
    CAF_CHECK(node->seen.ups.empty());
    // Each dials the other, and each is told.
    CAF_CHECK_LESS_OR_EQUAL(node->log->count("link refused"), 2u);
    CAF_CHECK(detail_of(*node->log).find("kafka.consumer_group is '")
              != std::string::npos);
    CAF_CHECK_GREATER(metric_value(*node->registry,
                                   "millrace_link_refusals_total{reason="
                                   "\"other_cluster\"}")
                        .value_or(0),
                      2.0);
    CAF_CHECK_EQUAL(status(*node).unlinked.size(), 2u);
  }
  CAF_CHECK_EQUAL((*this)["a"].log->count("linked"), 0u);
  CAF_CHECK_GREATER(network->hung_up, 0);
  // Some ten a minute, not hundreds.
  CAF_CHECK_LESS(network->dialled.size(), 30u);
}

CAF_TEST(who_takes_the_call_and_says_nothing_is_given_up) {
  add("a");
  auto& b = add("b");
  start((*this)["a"]); // and nobody behind the door of b
  pass(10s);
  CAF_CHECK(detail_of(*(*this)["a"].log).find("does not answer a hello")
            != std::string::npos);
  CAF_CHECK_LESS_OR_EQUAL(network->admitted.size(), 1u);
  start(b);
  pass(15s);
  CAF_CHECK_EQUAL(linked((*this)["a"]), "b");
}

CAF_TEST(no_more_links_than_may_be) {
  start_all("abcdef");
  pass(10s);
  for (const auto& [name, node] : nodes)
    CAF_CHECK_LESS_OR_EQUAL(status(*node).links.size(), 4u);
}

CAF_TEST(owners_are_announced_to_all_and_to_those_who_come_later) {
  start_all("ab");
  auto& a = (*this)["a"];
  auto& b = (*this)["b"];
  const std::vector<wire::ShardClaim> shards{{3, 7}, {5, 7}};
  caf::anon_send(a.keeper->current(), messages::AnnounceOwners{shards});
  run();
  CAF_REQUIRE_EQUAL(b.seen.owners.size(), 1u);
  CAF_CHECK(b.seen.owners.front().shards == shards);
  CAF_CHECK_EQUAL(b.seen.owners.front().incarnation,
                  b.seen.ups.front().peer.node.incarnation);
  caf::anon_send_exit(b.keeper->current(), caf::exit_reason::kill);
  run();
  start(b);
  pass(4s);
  CAF_CHECK_EQUAL(b.seen.owners.size(), 2u);
}

CAF_TEST(who_watches_and_was_started_anew_hears_all_again) {
  start_all("abc");
  auto& a = (*this)["a"];
  Witness later;
  auto watcher = sys.spawn(witness_of, &later);
  caf::send_as(watcher, a.keeper->current(), messages::ListPeers{});
  run();
  CAF_CHECK_EQUAL(later.ups.size(), 2u);
  CAF_CHECK_EQUAL(later.owners.size(), 2u);
  caf::anon_send_exit(watcher, caf::exit_reason::user_shutdown);
}

CAF_TEST(links_take_messages_from_their_other_end_only) {
  start_all("ab");
  auto& a = (*this)["a"];
  auto link = a.seen.ups.front().peer.link;
  // Whoever else names it: orders to end, claims, farewells.
  caf::anon_send_exit(link, caf::exit_reason::user_shutdown);
  caf::anon_send(link, wire::ShardOwners{{{1, 1}}});
  caf::anon_send(link, wire::Refused{1, "go away", 0});
  self->send(link, wire::ShardOwners{{{1, 1}}});
  self->send(link, wire::Welcome{a.identity});
  run();
  pass(2s);
  CAF_CHECK_EQUAL(linked(a), "b");
  CAF_CHECK(a.seen.owners.empty());
  CAF_CHECK(a.seen.downs.empty());
}

CAF_TEST_FIXTURE_SCOPE_END()
