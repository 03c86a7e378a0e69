#define CAF_SUITE unsettled_batches

#include "logic/unsettled_batches.hpp"
#include "tests/support/fake_kafka.hpp"

#include "caf/test/dsl.hpp"

#include <chrono>

using namespace millrace::logic;
using namespace std::chrono_literals;
using millrace::tests::make_batch;

namespace {

const PartitionEpoch held{PartitionId{0}, AssignmentEpoch{1}};
const UnsettledBatches::TimePoint start{};

} // namespace

CAF_TEST(credit_comes_back_once) {
  UnsettledBatches unsettled{100'000};
  unsettled.add(make_batch({"a", "b"}, 5), start);
  CAF_CHECK(unsettled.credit().used_bytes() > 0);
  unsettled.remove(held, Offset{4}, start);
  CAF_CHECK(unsettled.credit().used_bytes() > 0);
  unsettled.remove(held, Offset{5}, start);
  unsettled.remove(held, Offset{5}, start);
  CAF_CHECK_EQUAL(unsettled.credit().used_bytes(), 0);
  CAF_CHECK(unsettled.all().empty());
}

CAF_TEST(each_batch_knows_what_it_follows) {
  UnsettledBatches unsettled{100'000};
  CAF_CHECK(!unsettled.add(make_batch({"a", "b"}, 5), start).has_value());
  CAF_CHECK(unsettled.add(make_batch({"c"}, 7), start) == Offset{6});
  unsettled.remove(held, Offset{5}, start);
  unsettled.remove(held, Offset{7}, start);
  CAF_CHECK(unsettled.add(make_batch({"d"}, 9), start) == Offset{7});
  CAF_CHECK(unsettled.all().at(0).follows == Offset{7});
  unsettled.forget(std::vector{held});
  CAF_CHECK_EQUAL(unsettled.credit().used_bytes(), 0);
  CAF_CHECK(!unsettled.add(make_batch({"e"}, 9), start).has_value());
}

CAF_TEST(quiet_is_who_waits_without_news) {
  UnsettledBatches unsettled{100'000};
  CAF_CHECK(!unsettled.quiet_since(start + 10s));
  unsettled.add(make_batch({"a"}, 0), start + 1s);
  CAF_CHECK(!unsettled.quiet_since(start + 1s));
  CAF_CHECK(unsettled.quiet_since(start + 2s));
  unsettled.add(make_batch({"b"}, 1), start + 3s);
  unsettled.remove(held, Offset{0}, start + 4s);
  CAF_CHECK(!unsettled.quiet_since(start + 3s));
}
