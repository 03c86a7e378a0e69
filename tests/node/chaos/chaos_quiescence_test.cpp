#define CAF_SUITE chaos_quiescence

#include "messages/status.hpp"
#include "node/chaos/quiescence_watch.hpp"

#include "caf/test/dsl.hpp"

#include <optional>

using namespace millrace::node::chaos;
using millrace::logic::Offset;
using millrace::logic::PartitionId;
using millrace::messages::ConsumerStatus;
using std::chrono::seconds;

namespace {

using Place = std::optional<std::int64_t>;

std::optional<Offset> offset(Place place) {
  if (!place)
    return std::nullopt;
  return Offset{*place};
}

ConsumerStatus status(std::int32_t partition, Place finished, Place committed) {
  ConsumerStatus result;
  result.partitions.push_back({PartitionId{partition},
                               {},
                               std::nullopt,
                               offset(finished),
                               offset(committed),
                               std::nullopt,
                               false,
                               false});
  return result;
}

struct Fixture {
  QuiescenceWatch::TimePoint start{seconds{1'000}};
  QuiescenceWatch watch{start};
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(settlement_tests, Fixture)

CAF_TEST(the input is quiescent when every partition is finished to its end) {
  watch.set_end(PartitionId{0}, Offset{10});
  watch.set_end(PartitionId{1}, Offset{5});
  watch.set_end(PartitionId{2}, Offset{0});
  CAF_CHECK(!watch.quiescent());
  CAF_CHECK_EQUAL(watch.behind(), 2u);
  CAF_CHECK_EQUAL(watch.open_records(), 15);
  watch.take(status(0, 10, 7), start);
  CAF_CHECK_EQUAL(watch.behind(), 1u);
  CAF_CHECK_EQUAL(watch.open_records(), 5);
  watch.take(status(1, 4, 4), start);
  CAF_CHECK(!watch.quiescent());
  CAF_CHECK_EQUAL(watch.open_records(), 1);
  watch.take(status(1, 5, 4), start);
  CAF_CHECK(watch.quiescent());
  CAF_CHECK_EQUAL(watch.open_records(), 0);
  CAF_CHECK_EQUAL(watch.finished_records(), 15);
}

CAF_TEST(what was finished stays so though whoever knew it has died) {
  watch.set_end(PartitionId{0}, Offset{10});
  watch.take(status(0, 10, 3), start);
  watch.take(status(0, std::nullopt, std::nullopt), start);
  watch.take(status(0, std::nullopt, 3), start);
  watch.take({}, start);
  CAF_CHECK(watch.quiescent());
}

CAF_TEST(a committed place counts where the finished one is not known) {
  watch.set_end(PartitionId{0}, Offset{10});
  watch.take(status(0, std::nullopt, 10), start);
  CAF_CHECK(watch.quiescent());
}

CAF_TEST(only what was not finished before is a move) {
  watch.take(status(0, 3, 3), start + seconds{5});
  CAF_CHECK(watch.still_for(start + seconds{7}) == seconds{2});
  watch.take(status(0, 3, 3), start + seconds{8});
  watch.take(status(0, 1, 1), start + seconds{9});
  CAF_CHECK(watch.still_for(start + seconds{10}) == seconds{5});
  watch.take(status(1, 1, 1), start + seconds{11});
  CAF_CHECK(watch.still_for(start + seconds{11}) == seconds{0});
}

CAF_TEST_FIXTURE_SCOPE_END()
