#define CAF_SUITE actor_table

#include "logic/core/actor_table.hpp"

#include "caf/test/dsl.hpp"

#include <set>
#include <string>
#include <vector>

using namespace millrace::logic;

CAF_TEST(each_kind_has_a_name_of_its_own_and_is_found_by_it) {
  std::set<std::string_view> names;
  for (const auto& traits : actor_table) {
    names.insert(traits.name);
    CAF_CHECK_EQUAL(name_of(traits.kind), traits.name);
    CAF_CHECK(actor_kind_of(traits.name) == traits.kind);
    // Actors are named by a C string made of it.
    CAF_CHECK_EQUAL(std::string_view{traits.name.data()}, traits.name);
  }
  CAF_CHECK_EQUAL(names.size(), actor_kind_count);
  CAF_CHECK(!actor_kind_of("validator 0"));
  CAF_CHECK(!actor_kind_of(""));
}

CAF_TEST(a_lane_hands_batches_from_the_validator_to_the_producer) {
  std::vector<ActorKind> way{first_in_lane};
  while (way.back() != ActorKind::producer && way.size() < actor_kind_count)
    way.push_back(next_in_lane(way.back()));
  const std::vector<ActorKind> expected{ActorKind::validator,
                                        ActorKind::enricher, ActorKind::encoder,
                                        ActorKind::producer};
  CAF_CHECK(way == expected);
  // The dispatcher, which is in no lane, speaks to the first.
  CAF_CHECK(next_in_lane(ActorKind::dispatcher) == first_in_lane);
}

CAF_TEST(stages_are_those_who_work_on_batches) {
  for (const auto& traits : actor_table) {
    const bool works = traits.group == ActorGroup::lane
                       || traits.kind == ActorKind::anomaly_detector;
    CAF_CHECK_EQUAL(traits.stage, works);
  }
}

CAF_TEST(groups_start_so_that_the_flow_begins_last) {
  std::vector<std::string> names;
  for (const auto& group : group_table)
    names.emplace_back(group.name);
  const std::vector<std::string> expected{"delivery", "detection",  "lane",
                                          "links",    "background", "intake"};
  CAF_CHECK(names == expected);
  CAF_CHECK(traits_of(ActorKind::consumer).group == ActorGroup::intake);
  CAF_CHECK(group_table.back().group == ActorGroup::intake);
  for (const auto& group : group_table)
    CAF_CHECK_EQUAL(group.per_lane, group.group == ActorGroup::lane);
}

CAF_TEST(the_shape_of_the_node_says_how_many_there_are) {
  const NodeShape large{
    .lanes = 4, .detectors = 3, .insights = true, .trainer = true};
  CAF_CHECK_EQUAL(count_of(ActorKind::consumer, large), 1u);
  CAF_CHECK_EQUAL(count_of(ActorKind::dispatcher, large), 1u);
  CAF_CHECK_EQUAL(count_of(ActorKind::producer, large), 1u);
  CAF_CHECK_EQUAL(count_of(ActorKind::validator, large), 4u);
  CAF_CHECK_EQUAL(count_of(ActorKind::enricher, large), 4u);
  CAF_CHECK_EQUAL(count_of(ActorKind::encoder, large), 4u);
  CAF_CHECK_EQUAL(count_of(ActorKind::anomaly_detector, large), 3u);
  CAF_CHECK_EQUAL(count_of(ActorKind::insights, large), 1u);
  CAF_CHECK_EQUAL(count_of(ActorKind::trainer, large), 1u);
  CAF_CHECK_EQUAL(count_of(ActorKind::state_keeper, large), 0u);
  auto keeping = large;
  keeping.state_keeper = true;
  CAF_CHECK_EQUAL(count_of(ActorKind::state_keeper, keeping), 1u);
  const NodeShape small{
    .lanes = 1, .detectors = 0, .insights = false, .trainer = false};
  CAF_CHECK_EQUAL(count_of(ActorKind::anomaly_detector, small), 0u);
  CAF_CHECK_EQUAL(count_of(ActorKind::insights, small), 0u);
  CAF_CHECK_EQUAL(count_of(ActorKind::trainer, small), 0u);
  CAF_CHECK_EQUAL(count_of(ActorKind::links, small), 0u);
  CAF_CHECK_EQUAL(count_of(ActorKind::links, NodeShape{.links = true}), 1u);
  CAF_CHECK_EQUAL(count_of(ActorKind::consumer, small), 1u);
}

CAF_TEST(a_worker_has_lanes_and_links_and_a_host_for_what_others_send) {
  const NodeShape alone{.lanes = 2};
  CAF_CHECK_EQUAL(count_of(ActorKind::remote_lanes, alone), 0u);
  CAF_CHECK_EQUAL(count_of(ActorKind::lane_host, alone), 0u);
  CAF_CHECK_EQUAL(count_of(ActorKind::remote_lanes, NodeShape{.links = true}),
                  1u);
  const NodeShape worker{.lanes = 2,
                         .detectors = 0,
                         .trainer = false,
                         .links = true,
                         .worker = true};
  for (const auto kind :
       {ActorKind::consumer, ActorKind::dispatcher, ActorKind::producer,
        ActorKind::judgement_router, ActorKind::remote_lanes})
    CAF_CHECK_EQUAL(count_of(kind, worker), 0u);
  CAF_CHECK_EQUAL(count_of(ActorKind::lane_host, worker), 1u);
  CAF_CHECK_EQUAL(count_of(ActorKind::links, worker), 1u);
  CAF_CHECK_EQUAL(count_of(ActorKind::insights, worker), 1u);
  CAF_CHECK_EQUAL(count_of(ActorKind::encoder, worker), 2u);
}

CAF_TEST(actors_of_a_kind_of_many_carry_a_number) {
  CAF_CHECK_EQUAL(actor_name(ActorKind::validator, 3), "validator 3");
  CAF_CHECK_EQUAL(actor_name(ActorKind::anomaly_detector, 0),
                  "anomaly_detector 0");
  CAF_CHECK_EQUAL(actor_name(ActorKind::producer, 0), "producer");
  CAF_CHECK_EQUAL(kind_name("validator 3"), "validator");
  CAF_CHECK_EQUAL(kind_name("producer"), "producer");
  for (const auto& traits : actor_table)
    CAF_CHECK_EQUAL(is_numbered(traits.kind),
                    traits.numbering != Numbering::single);
}
