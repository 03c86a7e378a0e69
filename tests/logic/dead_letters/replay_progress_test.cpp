#define CAF_SUITE replay_progress

#include "logic/dead_letters/replay_progress.hpp"

#include "caf/test/dsl.hpp"

using namespace millrace::logic;

namespace {

constexpr PartitionId zero{0};
constexpr PartitionId one{1};

} // namespace

CAF_TEST(nothing_is_committed_past_what_is_under_way) {
  ReplayProgress progress;
  progress.begin_at(zero, Offset{5});
  CAF_CHECK(progress.places().at(zero) == Offset{5});
  progress.on_passed(zero, Offset{5});
  progress.on_sent(zero, Offset{8}); // 6 and 7 hold no record
  progress.on_sent(zero, Offset{9});
  progress.on_passed(zero, Offset{10});
  CAF_CHECK(progress.places().at(zero) == Offset{8});
  progress.on_done(zero, Offset{9});
  CAF_CHECK(progress.places().at(zero) == Offset{8});
  progress.on_done(zero, Offset{8});
  CAF_CHECK(progress.places().at(zero) == Offset{11});
  progress.end_at(zero, Offset{20});
  CAF_CHECK(progress.places().at(zero) == Offset{20});
}

CAF_TEST(partitions_go_on_apart) {
  ReplayProgress progress;
  progress.on_sent(zero, Offset{0});
  progress.on_sent(one, Offset{7});
  progress.on_done(one, Offset{7});
  CAF_CHECK(progress.places().at(zero) == Offset{0});
  CAF_CHECK(progress.places().at(one) == Offset{8});
}

CAF_TEST(what_would_be_sent_again_is_counted) {
  ReplayProgress progress;
  for (std::int64_t offset = 0; offset != 4; ++offset)
    progress.on_sent(zero, Offset{offset});
  progress.on_done(zero, Offset{0});
  CAF_CHECK_EQUAL(progress.uncommitted(), 4u);
  progress.on_committed();
  CAF_CHECK_EQUAL(progress.uncommitted(), 3u);
  progress.on_done(zero, Offset{1});
  progress.on_done(zero, Offset{2});
  progress.on_done(zero, Offset{3});
  progress.on_committed();
  CAF_CHECK_EQUAL(progress.uncommitted(), 0u);
}
