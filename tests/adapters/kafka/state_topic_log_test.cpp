#define CAF_SUITE state_topic_log

#include "adapters/kafka/state_topic_log.hpp"

#include "adapters/kafka/state_topic_move.hpp"

#include "caf/test/dsl.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

using namespace millrace::adapters::kafka;
using Found = StateTopicLog::Found;

namespace {

/// A partition of the state topic, and what happens to it.
struct Log {
  struct Record {
    std::int64_t offset = 0;
    std::string key;
    std::optional<std::string> value;
    StateGeneration generation = 0;
  };

  std::vector<Record> records;
  std::int64_t end = 0;

  StateGeneration claim(std::int64_t group_generation,
                        StateGeneration after = 0) {
    add(to_claim_key(static_cast<std::uint64_t>(end) + 1'000),
        to_text(StateClaim{group_generation, after}));
    return static_cast<StateGeneration>(end);
  }
  void write(StateGeneration generation, StateGeneration base,
             const std::string& key, std::optional<std::string> value) {
    add(to_state_key(base, key), std::move(value), generation);
  }
  void release(StateGeneration generation, StateGeneration base) {
    add(to_release_key(generation), std::to_string(base), generation);
  }
  void remove(StateGeneration generation, const std::string& whole_key) {
    add(whole_key, std::nullopt, generation);
  }
  void add(std::string key, std::optional<std::string> value,
           StateGeneration generation = 0) {
    records.push_back({end++, std::move(key), std::move(value), generation});
  }

  /// As the broker may do with everything but the newest record.
  void compact() {
    std::map<std::string, std::int64_t> newest;
    for (const auto& record : records)
      newest[record.key] = record.offset;
    std::erase_if(records, [&](const Record& record) {
      return newest[record.key] != record.offset
             || (!record.value && record.offset + 1 != end);
    });
  }
};

/// Reads the log up to a claim.
struct Reading {
  Reading(const Log& log, StateGeneration own) : rules(own) {
    for (const auto& record : log.records) {
      StateTopicMessage message{record.offset, record.key, std::nullopt,
                                record.generation};
      if (record.value)
        message.value = *record.value;
      found = rules.take(message);
      if (found == Found::state)
        state[std::string{parse_state_topic_key(record.key).key}]
          = *record.value;
      if (found == Found::own_claim || found == Found::outdone)
        break;
    }
  }

  StateTopicLog rules;
  Found found = Found::nothing;
  std::map<std::string, std::string> state;
};

using State = std::map<std::string, std::string>;

} // namespace

CAF_TEST(keys_say_what_a_record_is) {
  using Kind = StateTopicKey::Kind;
  const auto written = to_state_key(17, "a/b");
  const auto state = parse_state_topic_key(written);
  CAF_CHECK(state.kind == Kind::state);
  CAF_CHECK_EQUAL(state.base, 17u);
  CAF_CHECK_EQUAL(state.key, "a/b");
  CAF_CHECK(parse_state_topic_key(to_state_key(1, "")).kind == Kind::state);
  CAF_CHECK(parse_state_topic_key(to_claim_key(5)).kind == Kind::claim);
  CAF_CHECK(parse_state_topic_key(to_release_key(5)).kind == Kind::release);
  for (const auto* key :
       {"", "17", "x/y", "-1/y", "/y", "99999999999999999999999/y"})
    CAF_CHECK(parse_state_topic_key(key).kind == Kind::foreign);
}

CAF_TEST(a_claim_can_be_read_back_and_damage_is_seen) {
  const auto claim = parse_state_claim(to_text(StateClaim{12, 345}));
  CAF_REQUIRE(claim);
  CAF_CHECK_EQUAL(claim->group_generation, 12);
  CAF_CHECK_EQUAL(claim->after, 345u);
  for (const auto* text : {"", "12", "12 ", " 5", "a b", "1 2 3"})
    CAF_CHECK(!parse_state_claim(text));
}

CAF_TEST(the_first_owner_finds_nothing_and_begins_a_base_of_its_own) {
  Log log;
  const auto own = log.claim(1);
  Reading reading{log, own};
  CAF_CHECK(reading.found == Found::own_claim);
  CAF_CHECK_EQUAL(reading.rules.base(), own);
  CAF_CHECK(reading.rules.take_foreign_entries().empty());
  CAF_CHECK(reading.rules.take_superseded().empty());
}

CAF_TEST(after_a_release_the_next_owner_goes_on_under_the_same_keys) {
  Log log;
  const auto first = log.claim(1);
  log.write(first, first, "k", "1");
  log.write(first, first, "k", "2");
  log.release(first, first);
  const auto second = log.claim(2);
  Reading reading{log, second};
  CAF_CHECK(reading.found == Found::own_claim);
  CAF_CHECK_EQUAL(reading.state, (State{{"k", "2"}}));
  CAF_CHECK_EQUAL(reading.rules.base(), first);
  CAF_CHECK(reading.rules.take_foreign_entries().empty());
  const auto superseded = reading.rules.take_superseded();
  CAF_CHECK_EQUAL(superseded.size(), 2u); // the former claim and release

  // And so on, with these deleted.
  for (const auto& key : superseded)
    log.remove(second, key);
  log.write(second, first, "k", "3");
  log.release(second, first);
  log.compact();
  const auto third = log.claim(3);
  Reading next{log, third};
  CAF_CHECK(next.found == Found::own_claim);
  CAF_CHECK_EQUAL(next.state, (State{{"k", "3"}}));
  CAF_CHECK_EQUAL(next.rules.base(), first);
}

CAF_TEST(without_a_release_the_next_owner_moves_to_keys_of_its_own) {
  Log log;
  const auto first = log.claim(1);
  log.write(first, first, "k", "1");
  log.write(first, first, "l", "1");
  const auto second = log.claim(2);
  Reading reading{log, second};
  CAF_CHECK_EQUAL(reading.rules.base(), second);
  const auto entries = reading.rules.take_foreign_entries();
  CAF_CHECK_EQUAL(entries.size(), 2u);
  CAF_CHECK_EQUAL(entries.at("k").base, first);
  CAF_CHECK_EQUAL(entries.at("k").offset, 1);
}

CAF_TEST(what_a_former_owner_writes_later_is_dropped) {
  Log log;
  const auto first = log.claim(1);
  log.write(first, first, "k", "old");
  const auto second = log.claim(2);
  log.write(second, second, "k", "new");
  log.write(first, first, "k", "stale");
  log.write(first, first, "m", "stale");
  log.release(first, first);
  const auto third = log.claim(3);
  Reading reading{log, third};
  CAF_CHECK_EQUAL(reading.state, (State{{"k", "new"}}));
  CAF_CHECK_EQUAL(reading.rules.stale(), 2u);
  // Nor does it count that it gave the shard back.
  CAF_CHECK_EQUAL(reading.rules.base(), third);
  // The claims stay: without them the stale ones would count again.
  for (const auto& key : reading.rules.take_superseded())
    CAF_CHECK(parse_state_topic_key(key).kind == StateTopicKey::Kind::state);
}

CAF_TEST(a_former_owner_cannot_displace_what_the_present_one_needs) {
  Log log;
  const auto first = log.claim(1);
  log.write(first, first, "k", "old");
  const auto second = log.claim(2);
  log.write(second, second, "k", "moved");
  log.write(first, first, "k", "stale");
  // The log is compacted: with the same keys the stale record alone would be
  // left, and be dropped.
  log.compact();
  const auto third = log.claim(3);
  Reading reading{log, third};
  CAF_CHECK_EQUAL(reading.state, (State{{"k", "moved"}}));
}

CAF_TEST(a_claim_of_an_earlier_group_generation_does_not_count) {
  Log log;
  const auto first = log.claim(5);
  log.write(first, first, "k", "1");
  const auto second = log.claim(7);
  const auto late = log.claim(6); // was assigned before, and slept since
  log.write(second, second, "k", "2");
  CAF_CHECK(Reading(log, late).found == Found::outdone);
  const auto third = log.claim(8);
  Reading reading{log, third};
  CAF_CHECK_EQUAL(reading.rules.newest(), second);
  CAF_CHECK_EQUAL(reading.state, (State{{"k", "2"}}));
}

CAF_TEST(a_group_that_began_anew_confirms_claims_that_count) {
  Log log;
  const auto first = log.claim(57);
  log.write(first, first, "k", "1");
  const auto outdone = log.claim(1);
  Reading refused{log, outdone};
  CAF_CHECK(refused.found == Found::outdone);
  CAF_CHECK_EQUAL(refused.rules.newest(), first);
  const auto second = log.claim(1, refused.rules.newest());
  Reading reading{log, second};
  CAF_CHECK(reading.found == Found::own_claim);
  CAF_CHECK_EQUAL(reading.state, (State{{"k", "1"}}));
  // One who was confirmed earlier, and slept since, comes too late.
  log.write(second, second, "k", "2");
  const auto third = log.claim(3, second);
  const auto late = log.claim(1, first);
  CAF_CHECK(Reading(log, third).found == Found::own_claim);
  CAF_CHECK(Reading(log, late).found == Found::outdone);
}

CAF_TEST(an_owner_that_dies_while_it_moves_leaves_everything_readable) {
  Log log;
  const auto first = log.claim(1);
  log.write(first, first, "k", "1");
  log.write(first, first, "l", "1");
  const auto second = log.claim(2);
  log.write(second, second, "k", "1");
  log.compact();
  const auto third = log.claim(3);
  Reading reading{log, third};
  CAF_CHECK_EQUAL(reading.state, (State{{"k", "1"}, {"l", "1"}}));
  const auto entries = reading.rules.take_foreign_entries();
  CAF_CHECK_EQUAL(entries.at("k").base, second);
  CAF_CHECK_EQUAL(entries.at("l").base, first);
  CAF_CHECK_EQUAL(reading.rules.take_superseded().size(), 3u); // claims, 1/k
}

CAF_TEST(records_that_are_none_of_ours_are_passed_over) {
  Log log;
  log.add("config", "x");
  log.add("owner/1", "no claim");
  const auto first = log.claim(1);
  log.write(first, first, "k", "1");
  log.add("17/k", "without a generation");
  const auto second = log.claim(2);
  Reading reading{log, second};
  CAF_CHECK(reading.found == Found::own_claim);
  CAF_CHECK_EQUAL(reading.state, (State{{"k", "1"}}));
  CAF_CHECK_EQUAL(reading.rules.foreign(), 2u);
}

CAF_TEST(a_record_is_moved_once_unless_its_owner_writes_it_anew) {
  StateTopicMove move;
  CAF_CHECK(move.done());
  move.begin({{"a", {1, 10}}, {"b", {1, 11}}, {"c", {1, 12}}});
  CAF_CHECK(!move.done());
  CAF_CHECK(move.take(9) == nullptr);
  const auto* key = move.take(10);
  CAF_REQUIRE(key != nullptr);
  CAF_CHECK_EQUAL(*key, "a");
  CAF_CHECK(move.take(10) == nullptr);
  move.on_append(7, "b");
  CAF_CHECK(move.take(11) == nullptr); // the new value would be overwritten
  move.on_moved(10, true);
  move.on_appended(7, true);
  CAF_CHECK(move.reads());
  CAF_CHECK(move.take(12) != nullptr);
  CAF_CHECK(!move.done());
  move.on_moved(12, false);
  CAF_CHECK(move.reads()); // again
  CAF_CHECK(move.take(12) != nullptr);
  move.on_moved(12, true);
  CAF_CHECK(move.done());
  CAF_CHECK_EQUAL(move.take_former_keys(),
                  (std::vector<std::string>{"1/a", "1/b", "1/c"}));
}

CAF_TEST(a_record_whose_new_value_was_not_written_is_left_to_the_next) {
  StateTopicMove move;
  move.begin({{"a", {1, 10}}});
  move.on_append(1, "a");
  move.on_appended(1, false);
  CAF_CHECK(!move.reads());
  CAF_CHECK(!move.done());
  move.on_append(2, "a");
  move.on_appended(2, true);
  CAF_CHECK(move.done());
}
