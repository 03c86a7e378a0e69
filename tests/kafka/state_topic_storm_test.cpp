#define CAF_SUITE state_topic_storm

#include "adapters/kafka/topic_reader.hpp"
#include "tests/kafka/state_topic_fixture.hpp"
#include "tests/support/eventually.hpp"

#include <cstdlib>

using namespace millrace;
using namespace std::chrono_literals;
using adapters::kafka::test::StateOwner;
using tests::StateTopicFixture;

namespace {

struct Fixture : StateTopicFixture {
  /// A topic that Kafka compacts as soon as it can.
  void create_quickly_compacted() {
    auto admin = adapters::kafka::TopicAdmin::open(kafka);
    CAF_REQUIRE(admin);
    auto spec = to_topic_spec(parameters);
    spec.settings["segment.bytes"] = "1048576";
    spec.settings["min.cleanable.dirty.ratio"] = "0.01";
    spec.settings["min.compaction.lag.ms"] = "0";
    spec.settings["delete.retention.ms"] = "0";
    CAF_REQUIRE((*admin)->create({&spec, 1}, 30s));
  }

  /// How many records of that end of a key the log holds; deleting ones count
  /// as well, or alone.
  int records_like(const std::string& end, bool only_deleting = false) {
    int count = 0;
    auto reader = adapters::kafka::TopicReader::open(kafka);
    CAF_REQUIRE(reader);
    const auto extent = (*reader)->extent(parameters.topic, 30s);
    CAF_REQUIRE(extent);
    CAF_REQUIRE((*reader)->read(
      parameters.topic, *extent,
      [&](logic::PartitionId, const logic::RecordView& record) {
        if (record.key.value_or("").ends_with(end)
            && !(only_deleting && record.value))
          ++count;
        return true;
      },
      30s));
    return count;
  }

  /// Some megabytes of one key, behind which all before can be compacted.
  void fill(StateOwner& owner) {
    std::uint64_t last = 0;
    for (int number = 0; number != 48; ++number)
      last = owner.append(0, {{"filler", std::string(60'000, 'x')}});
    CAF_REQUIRE(is_written(owner, last));
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(state_topic_storm_tests, Fixture)

CAF_TEST(a_compacted_log_holds_all_that_counts) {
  parameters.shards = 1;
  create_quickly_compacted();
  auto& sleeper = open();
  CAF_REQUIRE(all_loaded());
  for (const auto* value : {"1", "2", "3"})
    for (const auto* key : {"a", "b", "c"})
      CAF_REQUIRE(is_written(sleeper, sleeper.append(0, {{key, value}})));
  fill(sleeper);
  CAF_CHECK(nodes.wait_until([&] { return records_like("/a") == 1; }, 90s));

  // The next owner writes no key anew but `b`; the former one wakes up.
  sleeper.frozen = true;
  auto& next = open();
  CAF_REQUIRE(all_loaded());
  CAF_REQUIRE(is_written(next, next.append(0, {{"b", "4"}})));
  const auto expected = nodes.state();
  CAF_CHECK_EQUAL(expected.at("0/a"), "3");
  sleeper.append(0, {{"a", "stale"}, {"b", "stale"}, {"c", "stale"}});
  sleeper.frozen = false;
  CAF_REQUIRE(nodes.wait_until([&] { return sleeper.lost == 1; }));
  nodes.close(sleeper);
  CAF_REQUIRE(all_loaded());
  // What lay under the former owner's keys is moved, and deleted there.
  CAF_REQUIRE(nodes.wait_until([&] { return records_like("/c", true) == 1; }));
  fill(next);
  // Compaction has seen the stale ones: of each key two records at most, the
  // stale one and the moved one.
  CAF_CHECK(nodes.wait_until(
    [&] { return records_like("/a") <= 2 && records_like("/filler") < 49; },
    90s));
  CAF_CHECK_EQUAL(nodes.state(), expected);
  nodes.kill(next);
  open();
  CAF_REQUIRE(all_loaded());
  CAF_CHECK_EQUAL(nodes.state(), expected);
  no_faults();
}

CAF_TEST(nodes_come_and_go_and_no_newest_record_is_lost) {
  const char* wish = std::getenv("MILLRACE_STATE_CYCLES");
  const int cycles = wish == nullptr ? 25 : std::atoi(wish);
  parameters.shards = 8;
  std::map<std::string, std::string> expected;
  int handovers = 0;
  const auto say = [&](StateOwner& owner, std::uint32_t shard,
                       const std::string& key, const std::string& value) {
    owner.append(shard, {{key, value}});
    expected[std::to_string(shard) + "/" + key] = value;
  };
  const auto watch = [&](StateOwner& owner) {
    owner.before_release = [&](std::uint32_t shard) {
      say(owner, shard, "handover", std::to_string(++handovers));
    };
  };
  watch(open());
  CAF_REQUIRE(all_loaded());
  for (int cycle = 0; cycle != cycles; ++cycle) {
    auto& comer = open();
    watch(comer);
    CAF_REQUIRE(nodes.wait_until([&] {
      return comer.loaded() != 0 && nodes.all_loaded(parameters.shards);
    }));
    for (auto& owner : nodes.owners)
      for (const auto& [shard, it] : owner.shards)
        say(owner, shard, "k" + std::to_string(cycle % 7),
            std::to_string(cycle));
    // Sometimes the elder goes, and what it wrote may still be under way.
    nodes.close(cycle % 3 == 0 ? nodes.owners.front() : comer);
    CAF_REQUIRE(all_loaded());
    CAF_REQUIRE_EQUAL(nodes.state(), expected);
  }
  CAF_MESSAGE(cycles << " cycles, " << handovers << " shards handed over");
  nodes.close(nodes.owners.front());
  open();
  CAF_REQUIRE(all_loaded());
  CAF_CHECK_EQUAL(nodes.state(), expected);
  // Nothing is left of all the claims but the last ones.
  CAF_CHECK_LESS(expected.size(), 80u);
}

CAF_TEST_FIXTURE_SCOPE_END()
