#define CAF_SUITE delivery_verifier_property

#include "logic/verification/delivery_verifier.hpp"

#include "caf/test/dsl.hpp"

#include "logic/generation/random_stream.hpp"
#include "logic/records/provenance.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace millrace::logic;
using namespace millrace::logic::verification;
using generation::RandomStream;

namespace {

const std::string topic = "user-login";
constexpr std::int32_t outlet_partitions = 2;

struct Input {
  std::string key;
  std::string value;
  bool is_object = true;
};

/// A record on the output or dead-letter topic, with what is known of it.
struct Ending {
  Outlet outlet = Outlet::output;
  std::int32_t at = 0;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::string key;
  std::string value;
};

using Place = std::pair<std::int32_t, std::int64_t>;

struct Delivery {
  std::map<Place, Input> inputs;
  std::vector<Ending> endings;
  std::int64_t size = 0; ///< offsets of each partition
  std::int32_t partitions = 0;
};

bool chance(RandomStream& random, std::uint32_t one_in) {
  return random.below(one_in) == 0;
}

Input make_input(RandomStream& random) {
  Input input;
  input.key = "k" + std::to_string(random.below(3));
  if (chance(random, 6)) {
    input.value = chance(random, 2) ? "[3]" : "no JSON";
    input.is_object = false;
    return input;
  }
  input.value = R"({"user_id": "u)" + std::to_string(random.below(1000))
                + R"(", "nested": {"source": [1, "}"]})";
  if (chance(random, 4))
    input.value += R"(, "geo" : {"old": true})";
  input.value += " }";
  return input;
}

/// What the node would write, built the slow way.
std::string output_of(const Input& input, const Place& place) {
  const auto object = boost::json::parse(input.value).as_object();
  // The node keeps spelling and blanks of what was there.
  auto text = R"({"user_id": )" + boost::json::serialize(object.at("user_id"))
              + R"(, "nested": {"source": [1, "}"]},"geo":{"country":"PT"},)";
  append_source_member(text,
                       {topic, PartitionId{place.first}, Offset{place.second}});
  return text + "}";
}

Delivery deliver(RandomStream& random) {
  Delivery delivery;
  delivery.partitions = 1 + static_cast<std::int32_t>(random.below(3));
  delivery.size = 1 + random.below(30);
  for (std::int64_t offset = 0; offset != delivery.size; ++offset)
    for (std::int32_t id = 0; id != delivery.partitions; ++id) {
      if (chance(random, 12))
        continue; // an offset without a record
      const auto input = make_input(random);
      delivery.inputs[{id, offset}] = input;
      Ending ending;
      ending.outlet = input.is_object ? Outlet::output : Outlet::dead_letters;
      ending.at = id % outlet_partitions;
      ending.partition = id;
      ending.offset = offset;
      ending.key = input.key;
      ending.value = input.is_object ? output_of(input, {id, offset})
                                     : input.value;
      delivery.endings.push_back(std::move(ending));
    }
  return delivery;
}

/// Spoils a delivery at one random place.
void plant(Delivery& delivery, RandomStream& random) {
  auto& endings = delivery.endings;
  if (endings.empty())
    return;
  const auto pick = [&] {
    return random.below(static_cast<std::uint32_t>(endings.size()));
  };
  const auto index = pick();
  switch (random.below(6)) {
    case 0:
      endings.erase(endings.begin() + index);
      return;
    case 1:
      endings.insert(endings.begin() + pick(), Ending{endings[index]});
      return;
    case 2:
      std::swap(endings[index], endings[pick()]);
      return;
    case 3:
      endings[index].value.insert(1, R"("more":1,)");
      return;
    case 4:
      endings[index].key += "x";
      return;
    default:
      // May name a hole, or lie behind the end.
      endings[index].offset = random.below(35);
      if (endings[index].outlet == Outlet::output) {
        auto& value = endings[index].value;
        value.erase(value.find(R"("source":{"topic")"));
        append_source_member(value,
                             {topic, PartitionId{endings[index].partition},
                              Offset{endings[index].offset}});
        value += "}";
      }
  }
}

bool is_right(const Ending& ending, const Input& input, const Place& place) {
  if (ending.key != input.key)
    return false;
  if (ending.outlet == Outlet::dead_letters)
    return ending.value == input.value;
  return input.is_object && ending.value == output_of(input, place);
}

/// The same verdict from whole records, sets and quadratic searches.
std::map<std::int32_t, PartitionTally> judge_slowly(const Delivery& delivery) {
  std::map<std::int32_t, PartitionTally> tallies;
  for (std::int32_t id = 0; id != delivery.partitions; ++id)
    tallies[id].partition = PartitionId{id};
  for (const auto& [place, input] : delivery.inputs) {
    auto& tally = tallies[place.first];
    ++tally.input;
    std::uint64_t ended = 0;
    for (const auto& ending : delivery.endings)
      ended += Place{ending.partition, ending.offset} == place ? 1U : 0U;
    tally.lost += ended == 0 ? 1U : 0U;
    tally.doubled += ended > 1 ? ended - 1 : 0;
  }
  const auto& endings = delivery.endings;
  for (std::size_t index = 0; index != endings.size(); ++index) {
    const auto& ending = endings[index];
    auto& tally = tallies[ending.partition];
    const Place place{ending.partition, ending.offset};
    const auto input = delivery.inputs.find(place);
    if (input == delivery.inputs.end()) {
      ++tally.foreign;
      continue;
    }
    const bool output = ending.outlet == Outlet::output;
    ++(output ? tally.output : tally.dead);
    tally.corrupted += is_right(ending, input->second, place) ? 0U : 1U;
    bool repeat = false;
    bool behind = false;
    for (std::size_t before = 0; before != index; ++before) {
      const auto& other = endings[before];
      if (other.partition != ending.partition || other.outlet != Outlet::output
          || !delivery.inputs.contains({other.partition, other.offset}))
        continue;
      repeat = repeat || other.offset == ending.offset;
      behind = behind
               || (other.at == ending.at && other.offset > ending.offset);
    }
    tally.swapped += output && behind && !repeat ? 1U : 0U;
  }
  return tallies;
}

VerificationReport verify(const Delivery& delivery, Guarantee guarantee) {
  VerifierConfig config;
  config.topic = topic;
  config.guarantee = guarantee;
  DeliveryVerifier verify{config};
  for (std::int32_t id = 0; id != delivery.partitions; ++id)
    CAF_REQUIRE(verify
                  .add_range({PartitionId{id}, Offset{0}, Offset{delivery.size},
                              Offset{delivery.size}})
                  .has_value());
  for (const auto& [place, input] : delivery.inputs) {
    RecordView view;
    view.offset = Offset{place.second};
    view.key = input.key;
    view.value = input.value;
    verify.input(PartitionId{place.first}, view);
  }
  for (const auto& ending : delivery.endings) {
    std::string headers;
    RecordView view;
    view.key = ending.key;
    view.value = ending.value;
    if (ending.outlet == Outlet::output) {
      verify.output(PartitionId{ending.at}, view);
      continue;
    }
    append_provenance(
      headers, {topic, PartitionId{ending.partition}, Offset{ending.offset}});
    view.headers = headers;
    verify.dead_letter(PartitionId{ending.at}, view);
  }
  return verify.finish();
}

bool equal(const PartitionTally& a, const PartitionTally& b) {
  return a.input == b.input && a.output == b.output && a.dead == b.dead
         && a.lost == b.lost && a.doubled == b.doubled && a.swapped == b.swapped
         && a.corrupted == b.corrupted && a.foreign == b.foreign
         && b.unproven == 0;
}

bool is_wrong(const std::map<std::int32_t, PartitionTally>& tallies,
              Guarantee guarantee) {
  return std::any_of(tallies.begin(), tallies.end(), [=](const auto& entry) {
    const auto& tally = entry.second;
    return tally.lost + tally.swapped + tally.corrupted + tally.foreign != 0
           || (guarantee == Guarantee::exactly_once && tally.doubled != 0);
  });
}

} // namespace

CAF_TEST(a_delivery_without_plants_passes) {
  for (std::uint64_t seed = 0; seed != 200; ++seed) {
    RandomStream random{seed};
    const auto report = verify(deliver(random), Guarantee::exactly_once);
    if (report.conclusion != Conclusion::passed)
      CAF_FAIL("seed " << seed << ": "
                       << (report.offenders.empty()
                             ? std::string{"no offender"}
                             : report.offenders[0].detail));
  }
}

CAF_TEST(random_plants_are_counted_as_a_brute_force_judge_counts_them) {
  std::size_t failed = 0;
  for (std::uint64_t seed = 0; seed != 1500; ++seed) {
    RandomStream random{seed};
    auto delivery = deliver(random);
    for (auto plants = random.below(5); plants != 0; --plants)
      plant(delivery, random);
    const auto guarantee = chance(random, 2) ? Guarantee::exactly_once
                                             : Guarantee::at_least_once;
    const auto slow = judge_slowly(delivery);
    const auto fast = verify(delivery, guarantee);
    CAF_REQUIRE_EQUAL(fast.partitions.size(), slow.size());
    for (const auto& tally : fast.partitions)
      if (!equal(slow.at(tally.partition.value), tally))
        CAF_FAIL("seed " << seed << ", partition " << tally.partition.value);
    const bool wrong = is_wrong(slow, guarantee);
    if (wrong != (fast.conclusion == Conclusion::failed))
      CAF_FAIL("seed " << seed << ": the conclusion is wrong");
    failed += wrong ? 1U : 0U;
  }
  // The plants must have bitten, and not everywhere.
  CAF_CHECK(failed > 250);
  CAF_CHECK(failed < 1450);
}
