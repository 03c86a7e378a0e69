#define CAF_SUITE group_places

#include "adapters/kafka/group_places.hpp"

#include "tests/adapters/kafka/kafka_fixture.hpp"

#include "caf/test/dsl.hpp"

#include <array>

using namespace millrace;
using namespace millrace::adapters::kafka;
using namespace millrace::adapters::kafka::test;

namespace {

constexpr std::array all{PartitionId{0}, PartitionId{1}, PartitionId{2},
                         PartitionId{3}};

std::unique_ptr<PlaceKeeper> open(const KafkaFixture& kafka,
                                  const std::string& group) {
  auto keeper = PlaceKeeper::open(kafka.config, group);
  CAF_REQUIRE(keeper.has_value());
  return std::move(*keeper);
}

} // namespace

CAF_TEST(places_are_read_as_they_were_committed) {
  KafkaFixture kafka;
  auto keeper = open(kafka, "tool");
  auto places = keeper->places("user-login-dlq", all, patience);
  CAF_REQUIRE(places.has_value());
  CAF_CHECK(places->empty());
  const GroupPlaces wanted{{PartitionId{1}, {Offset{7}, "a mark; cap=3"}},
                           {PartitionId{3}, {Offset{0}, ""}}};
  const auto committed = keeper->commit("user-login-dlq", wanted, patience);
  if (!committed)
    CAF_ERROR(committed.error().text);
  places = open(kafka, "tool")->places("user-login-dlq", all, patience);
  CAF_REQUIRE(places.has_value());
  CAF_CHECK(*places == wanted);
  CAF_CHECK(
    open(kafka, "another")->places("user-login-dlq", all, patience)->empty());
}

CAF_TEST(a_broker_that_is_gone_is_said_to_be) {
  KafkaFixture kafka;
  auto keeper = open(kafka, "tool");
  CAF_REQUIRE(keeper->places("user-login-dlq", all, patience).has_value());
  CAF_CHECK(kafka.broker->take_down(1));
  const GroupPlaces wanted{{PartitionId{1}, {Offset{7}, ""}}};
  CAF_CHECK(!keeper->commit("user-login-dlq", wanted, 1s));
  CAF_CHECK(!keeper->places("user-login-dlq", all, 1s));
}
