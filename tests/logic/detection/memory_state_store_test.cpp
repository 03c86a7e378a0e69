#define CAF_SUITE memory_state_store

#include "logic/detection/memory_state_store.hpp"

#include "caf/test/dsl.hpp"

using namespace millrace::logic::detection;

CAF_TEST(all_shards_are_owned_and_empty) {
  MemoryStateStore store{3};
  int woken = 0;
  store.on_ready([&woken] { ++woken; });
  CAF_CHECK_EQUAL(woken, 1);
  const auto events = store.take_events();
  CAF_REQUIRE_EQUAL(events.size(), 6u);
  CAF_CHECK_EQUAL(std::get<ShardAssigned>(events[2]).shard, 1u);
  CAF_CHECK_EQUAL(std::get<ShardLoaded>(events[3]).shard, 1u);
  store.append(2, 7, {{"key", "value"}});
  store.append(2, 8, {});
  CAF_CHECK_EQUAL(woken, 2);
  const auto answers = store.take_events();
  CAF_REQUIRE_EQUAL(answers.size(), 2u);
  const auto& answer = std::get<StateAppended>(answers[0]);
  CAF_CHECK_EQUAL(answer.shard, 2u);
  CAF_CHECK_EQUAL(answer.number, 7u);
  CAF_CHECK(answer.outcome.has_value());
}
