#define CAF_SUITE broker_watch

#include "tests/adapters/kafka/kafka_fixture.hpp"

#include "caf/test/dsl.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

using namespace millrace;
using namespace millrace::adapters::kafka;
using namespace millrace::adapters::kafka::test;
using Kind = logic::ClientEvent::Kind;

namespace {

/// A consumer that has read a record and is idle.
struct Fixture : KafkaFixture {
  explicit Fixture(const std::vector<std::string>& properties = {}) {
    config.properties = properties;
    write(0, 1);
    consumer = std::make_unique<Consumer>(config);
    CAF_REQUIRE(consumer->take_records(1));
  }

  void refuse(std::string_view request, std::string_view error) {
    CAF_REQUIRE(broker->fail_requests(request, error, 1));
  }

  void commit() {
    const auto& batch = *consumer->batches.back();
    const std::vector<logic::PartitionOffset> done{
      {batch.partition(), batch.epoch(), Offset{1}}};
    CAF_REQUIRE(consumer->source->commit(done, 0ms).has_value());
  }

  bool comes_to(Kind kind) {
    return consumer->waker.wait_until([&] {
      consumer->look();
      return consumer->saw(kind);
    });
  }

  std::unique_ptr<Consumer> consumer;
};

} // namespace

CAF_TEST(a_fault_of_an_idle_client_is_over_when_the_broker_answers) {
  Fixture kafka;
  kafka.refuse("OffsetCommit", "OFFSET_METADATA_TOO_LARGE");
  kafka.commit();
  CAF_CHECK(kafka.comes_to(Kind::fault));
  CAF_CHECK(kafka.comes_to(Kind::recovered));
}

CAF_TEST(a_commit_that_a_rebalance_overtook_is_no_trouble) {
  for (const auto* error : {"ILLEGAL_GENERATION", "UNKNOWN_MEMBER_ID",
                            "REBALANCE_IN_PROGRESS", "STALE_MEMBER_EPOCH"}) {
    Fixture kafka;
    kafka.refuse("OffsetCommit", error);
    kafka.commit();
    CAF_CHECK(kafka.comes_to(Kind::uncommitted));
    CAF_CHECK(!kafka.consumer->saw(Kind::fault));
  }
}

CAF_TEST(a_client_that_another_one_displaced_is_dead) {
  for (const auto* request : {"OffsetCommit", "Heartbeat"}) {
    Fixture kafka{{"group.instance.id=a"}};
    kafka.refuse(request, "FENCED_INSTANCE_ID");
    kafka.commit();
    CAF_REQUIRE(kafka.comes_to(Kind::failed));
    for (const auto& event : kafka.consumer->events)
      if (event.kind == Kind::failed)
        CAF_CHECK(event.error.code == logic::ErrorCode::fenced
                  && event.error.text.find("a node.name of its own")
                       != std::string::npos);
  }
}

CAF_TEST(a_name_that_is_in_use_is_tried_again_by_a_new_client) {
  KafkaFixture kafka;
  kafka.config.group_protocol = "consumer";
  kafka.config.session_timeout = KafkaConfig{}.session_timeout;
  kafka.write(0, 1);
  CAF_REQUIRE(kafka.broker->fail_requests("ConsumerGroupHeartbeat",
                                          "UNRELEASED_INSTANCE_ID", 1));
  Consumer consumer{kafka.config, logic::MemoryPlan{}, "a"};
  CAF_CHECK(consumer.take_records(1));
  CAF_CHECK(!consumer.saw(Kind::failed));
  CAF_CHECK(consumer.saw(Kind::recovered));
  const auto& first = consumer.events.front();
  CAF_CHECK(first.kind == Kind::fault);
  for (const auto* words :
       {"as member \"a\" of group user-group",
        "group.consumer.session.timeout.ms", "a node.name of its own"})
    CAF_CHECK(first.error.text.find(words) != std::string::npos);
}
