#define CAF_SUITE assignment

#include "logic/intake/assignment.hpp"

#include "caf/test/dsl.hpp"

#include <vector>

using namespace millrace::logic;

namespace {

constexpr PartitionEpoch first{PartitionId{0}, AssignmentEpoch{1}};
constexpr PartitionEpoch second{PartitionId{1}, AssignmentEpoch{1}};

Assignment two_partitions(std::int64_t max_read_ahead = 1000) {
  Assignment assignment{max_read_ahead};
  assignment.assign(std::vector{first, second});
  return assignment;
}

} // namespace

CAF_TEST(only_what_is_finished_and_uncommitted_is_to_commit) {
  auto assignment = two_partitions();
  CAF_CHECK(assignment.committable().empty());
  assignment.note_read(first, Offset{5}, Offset{14});
  CAF_CHECK(assignment.committable().empty());
  CAF_CHECK(
    assignment.note_finished(PartitionId{0}, AssignmentEpoch{1}, Offset{10}));
  const auto offsets = assignment.committable();
  CAF_REQUIRE_EQUAL(offsets.size(), 1u);
  CAF_CHECK(offsets[0].next == Offset{10});
  assignment.note_committed(offsets);
  CAF_CHECK(assignment.committable().empty());
  CAF_CHECK_EQUAL(assignment.unfinished_records(), 5u);
}

CAF_TEST(the_last_commit_covers_what_is_committed_already) {
  auto assignment = two_partitions();
  assignment.note_read(first, Offset{0}, Offset{9});
  assignment.note_finished(PartitionId{0}, AssignmentEpoch{1}, Offset{10});
  assignment.note_committed(assignment.committable());
  const auto offsets = assignment.finished(assignment.all());
  CAF_REQUIRE_EQUAL(offsets.size(), 1u);
  CAF_CHECK(offsets[0].next == Offset{10});
}

CAF_TEST(what_belongs_to_an_earlier_epoch_is_ignored) {
  auto assignment = two_partitions();
  assignment.note_read(first, Offset{0}, Offset{9});
  assignment.assign(
    std::vector{PartitionEpoch{PartitionId{0}, AssignmentEpoch{2}}});
  CAF_CHECK(
    !assignment.note_finished(PartitionId{0}, AssignmentEpoch{1}, Offset{10}));
  CAF_CHECK(assignment.committable().empty());
  assignment.remove(std::vector{first});
  CAF_CHECK_EQUAL(assignment.all().size(), 2u);
}

CAF_TEST(leaving_partitions_take_nothing_in_and_drain) {
  auto assignment = two_partitions();
  assignment.note_read(first, Offset{0}, Offset{9});
  assignment.begin_leaving(std::vector{first});
  CAF_CHECK(!assignment.accepts(PartitionId{0}));
  CAF_CHECK(assignment.accepts(PartitionId{1}));
  CAF_CHECK(!assignment.drained(std::vector{first}));
  CAF_CHECK(assignment.drained(std::vector{second}));
  assignment.note_finished(PartitionId{0}, AssignmentEpoch{1}, Offset{10});
  CAF_CHECK(assignment.drained());
  assignment.remove(std::vector{first});
  CAF_CHECK(!assignment.accepts(PartitionId{0}));
}

CAF_TEST(a_partition_does_not_run_ahead_of_its_unfinished_records) {
  auto assignment = two_partitions(100);
  assignment.note_read(first, Offset{0}, Offset{99});
  CAF_CHECK(assignment.accepts(PartitionId{0}));
  assignment.note_read(first, Offset{100}, Offset{100});
  CAF_CHECK(!assignment.accepts(PartitionId{0}));
  CAF_CHECK(assignment.accepts(PartitionId{1}));
  assignment.note_finished(PartitionId{0}, AssignmentEpoch{1}, Offset{50});
  CAF_CHECK(assignment.accepts(PartitionId{0}));
}
