#define CAF_SUITE revocations

#include "adapters/kafka/revocations.hpp"

#include "caf/test/dsl.hpp"

#include <chrono>

using namespace millrace::adapters::kafka;
using namespace std::chrono_literals;

namespace {

PartitionListPtr list_of(int count) {
  PartitionListPtr list{rd_kafka_topic_partition_list_new(count)};
  for (int partition = 0; partition != count; ++partition)
    rd_kafka_topic_partition_list_add(list.get(), "topic", partition);
  return list;
}

struct Fixture {
  Revocations<int> revocations;
  Revocations<int>::Clock::time_point now{1h};

  /// The size of the list that is given back, which tells one from another;
  /// -1 where none is.
  int given_back() {
    const auto list = revocations.take_finished(now);
    return list ? list->cnt : -1;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(revocations_tests, Fixture)

CAF_TEST(what_was_revoked_together_goes_together_and_in_its_turn) {
  revocations.add(list_of(2), {1, 2});
  revocations.add(list_of(3), {3});
  revocations.let_go(3);
  revocations.let_go(1);
  CAF_CHECK_EQUAL(given_back(), -1);
  revocations.let_go(2);
  CAF_CHECK_EQUAL(given_back(), 2);
  CAF_CHECK_EQUAL(given_back(), 3);
  CAF_CHECK_EQUAL(given_back(), -1);
  CAF_CHECK(revocations.empty());
}

CAF_TEST(what_nobody_holds_goes_at_once) {
  revocations.add(list_of(1), {});
  CAF_CHECK_EQUAL(given_back(), 1);
}

CAF_TEST(nobody_is_waited_for_beyond_the_deadline) {
  revocations.add(list_of(1), {1}, now + 5s);
  revocations.add(list_of(2), {2}, now + 8s);
  CAF_CHECK_EQUAL(given_back(), -1);
  now += 5s;
  CAF_CHECK_EQUAL(given_back(), 1);
  CAF_CHECK_EQUAL(given_back(), -1);
  revocations.let_go_of_all();
  CAF_CHECK_EQUAL(given_back(), 2);
}

CAF_TEST_FIXTURE_SCOPE_END()
