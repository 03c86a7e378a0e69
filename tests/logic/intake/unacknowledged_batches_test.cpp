#define CAF_SUITE unacknowledged_batches

#include "logic/intake/unacknowledged_batches.hpp"
#include "tests/simulation/simulated_kafka.hpp"

#include "caf/test/dsl.hpp"

#include <chrono>

using namespace millrace::logic;
using namespace std::chrono_literals;
using millrace::tests::make_batch;

namespace {

const PartitionEpoch held{PartitionId{0}, AssignmentEpoch{1}};
const UnacknowledgedBatches::TimePoint start{};

} // namespace

CAF_TEST(credit_comes_back_once) {
  UnacknowledgedBatches unacknowledged{100'000};
  unacknowledged.add(make_batch({"a", "b"}, 5), start);
  CAF_CHECK(unacknowledged.credit().used_bytes() > 0);
  unacknowledged.remove(held, Offset{4}, start);
  CAF_CHECK(unacknowledged.credit().used_bytes() > 0);
  unacknowledged.remove(held, Offset{5}, start);
  unacknowledged.remove(held, Offset{5}, start);
  CAF_CHECK_EQUAL(unacknowledged.credit().used_bytes(), 0);
  CAF_CHECK(unacknowledged.all().empty());
}

CAF_TEST(each_batch_knows_what_it_follows) {
  UnacknowledgedBatches unacknowledged{100'000};
  CAF_CHECK(!unacknowledged.add(make_batch({"a", "b"}, 5), start).has_value());
  CAF_CHECK(unacknowledged.add(make_batch({"c"}, 7), start) == Offset{6});
  unacknowledged.remove(held, Offset{5}, start);
  unacknowledged.remove(held, Offset{7}, start);
  CAF_CHECK(unacknowledged.add(make_batch({"d"}, 9), start) == Offset{7});
  CAF_CHECK(unacknowledged.all().at(0).follows == Offset{7});
  unacknowledged.forget(std::vector{held});
  CAF_CHECK_EQUAL(unacknowledged.credit().used_bytes(), 0);
  CAF_CHECK(!unacknowledged.add(make_batch({"e"}, 9), start).has_value());
}

CAF_TEST(quiet_is_who_waits_without_news) {
  UnacknowledgedBatches unacknowledged{100'000};
  CAF_CHECK(!unacknowledged.quiet_since(start + 10s));
  unacknowledged.add(make_batch({"a"}, 0), start + 1s);
  CAF_CHECK(!unacknowledged.quiet_since(start + 1s));
  CAF_CHECK(unacknowledged.quiet_since(start + 2s));
  unacknowledged.add(make_batch({"b"}, 1), start + 3s);
  unacknowledged.remove(held, Offset{0}, start + 4s);
  CAF_CHECK(!unacknowledged.quiet_since(start + 3s));
}
