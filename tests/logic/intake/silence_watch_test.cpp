#define CAF_SUITE silence_watch

#include "logic/intake/silence_watch.hpp"

#include "caf/test/dsl.hpp"

#include <chrono>
#include <vector>

using namespace millrace::logic;
using namespace std::chrono_literals;

namespace {

constexpr PartitionEpoch first{PartitionId{0}, AssignmentEpoch{1}};
constexpr PartitionEpoch second{PartitionId{1}, AssignmentEpoch{1}};

struct Fixture {
  Assignment assignment{1000};
  SilenceWatch watch{60s};
  SilenceWatch::TimePoint now{};

  Fixture() { assignment.assign(std::vector{first, second}); }

  std::vector<PartitionId> look() { return watch.look(assignment, now); }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(silence_watch_tests, Fixture)

CAF_TEST(a_partition_of_which_nothing_comes_is_silent_and_told_once) {
  assignment.note_read(second, Offset{0}, Offset{9});
  CAF_CHECK(look().empty());
  now += 60s;
  CAF_CHECK(look().empty());
  now += 1s;
  CAF_CHECK(look() == std::vector{first.partition});
  CAF_CHECK(watch.silent(first.partition));
  CAF_CHECK(!watch.silent(second.partition));
  CAF_CHECK_EQUAL(watch.count(), 1u);
  now += 1s;
  CAF_CHECK(look().empty());
  CAF_CHECK(watch.silent(first.partition));
}

CAF_TEST(its_first_record_or_its_end_ends_the_silence) {
  look();
  now += 61s;
  CAF_CHECK_EQUAL(look().size(), 2u);
  assignment.note_read(first, Offset{5}, Offset{5});
  assignment.note_end({second.partition, second.epoch, Offset{7}});
  CAF_CHECK(look().empty());
  CAF_CHECK_EQUAL(watch.count(), 0u);
}

CAF_TEST(a_new_assignment_is_waited_for_anew) {
  look();
  now += 61s;
  look();
  const std::vector next{PartitionEpoch{first.partition, AssignmentEpoch{2}}};
  assignment.remove(std::vector{first});
  assignment.assign(next);
  CAF_CHECK(look().empty());
  CAF_CHECK(!watch.silent(first.partition));
  now += 61s;
  CAF_CHECK(look() == std::vector{first.partition});
}

CAF_TEST(what_is_given_back_is_not_waited_for) {
  look();
  now += 61s;
  assignment.begin_leaving(std::vector{first});
  CAF_CHECK(look() == std::vector{second.partition});
  assignment.remove(std::vector{second});
  CAF_CHECK(look().empty());
  CAF_CHECK_EQUAL(watch.count(), 0u);
}

CAF_TEST_FIXTURE_SCOPE_END()
