#define CAF_SUITE start_position

#include "logic/intake/start_position.hpp"

#include "caf/test/dsl.hpp"

using namespace millrace::logic;

namespace {

constexpr LogExtent kept{Offset{45}, Offset{65}};

StartPosition chosen(std::optional<Offset> wanted, OffsetReset reset,
                     std::optional<PositionFault> fault = {}) {
  const auto start = choose_start({wanted, fault}, kept, reset);
  CAF_REQUIRE(start);
  return *start;
}

} // namespace

CAF_TEST(a_first_start_follows_the_setting_and_is_no_jump) {
  CAF_CHECK(chosen({}, OffsetReset::earliest).offset == Offset{45});
  CAF_CHECK(chosen({}, OffsetReset::latest).offset == Offset{65});
  CAF_CHECK(!chosen({}, OffsetReset::latest).jump);
  CAF_CHECK(!choose_start({}, kept, OffsetReset::none));
}

CAF_TEST(a_log_that_was_cut_off_is_read_on_from_where_it_is_what_it_was) {
  PositionQuestion question{Offset{60}, PositionFault::truncation, Offset{50}};
  for (const auto reset :
       {OffsetReset::earliest, OffsetReset::latest, OffsetReset::none}) {
    const auto start = choose_start(question, kept, reset);
    CAF_REQUIRE(start);
    CAF_CHECK(start->restarted);
    CAF_CHECK(
      (start->jump
       == PositionJump{PositionFault::truncation, Offset{60}, Offset{50}}));
  }
  // What it was is retained no longer.
  question.kept = Offset{40};
  const auto start = choose_start(question, kept, OffsetReset::earliest);
  CAF_REQUIRE(start);
  CAF_CHECK(start->offset == Offset{45});
  CAF_CHECK(start->restarted);
}

CAF_TEST(what_retention_took_is_counted) {
  const auto early = chosen(Offset{10}, OffsetReset::earliest);
  CAF_CHECK(
    (early.jump
     == PositionJump{PositionFault::retention, Offset{10}, Offset{45}}));
  CAF_CHECK_EQUAL(early.jump->skipped(), 35u);
  CAF_CHECK(!early.restarted);
  const auto late = chosen(Offset{10}, OffsetReset::latest);
  CAF_CHECK_EQUAL(late.jump->skipped(), 55u);
  CAF_CHECK(!choose_start({Offset{10}, {}}, kept, OffsetReset::none));
}

CAF_TEST(a_place_that_is_there_after_all_is_no_jump) {
  for (const auto wanted : {45, 50, 65}) {
    const auto start = chosen(Offset{wanted}, OffsetReset::latest);
    CAF_CHECK(start.offset == Offset{wanted});
    CAF_CHECK(!start.jump);
  }
}

CAF_TEST(a_log_that_ends_before_the_place_starts_over) {
  const auto start = chosen(Offset{66}, OffsetReset::earliest);
  CAF_CHECK(start.restarted);
  CAF_CHECK(start.offset == Offset{45});
  CAF_CHECK(start.jump->why == PositionFault::truncation);
  CAF_CHECK_EQUAL(start.jump->skipped(), 0u);
  // Also when its end has come back that far since.
  const auto regrown = chosen(Offset{60}, OffsetReset::earliest,
                              PositionFault::truncation);
  CAF_CHECK(regrown.restarted);
  CAF_CHECK(regrown.offset == Offset{45});
}

CAF_TEST(a_topic_made_anew_is_read_from_its_begin_whatever_the_setting) {
  for (const auto reset :
       {OffsetReset::earliest, OffsetReset::latest, OffsetReset::none}) {
    const auto start = chosen(Offset{50}, reset, PositionFault::recreation);
    CAF_CHECK(start.restarted);
    CAF_CHECK(start.offset == Offset{45});
    CAF_CHECK(start.jump->why == PositionFault::recreation);
  }
}

CAF_TEST(a_commit_that_only_this_node_remembers_is_kept_to) {
  const auto start = chosen(Offset{50}, OffsetReset::latest,
                            PositionFault::lost_commit);
  CAF_CHECK(start.offset == Offset{50});
  CAF_CHECK(start.jump->why == PositionFault::lost_commit);
  CAF_CHECK_EQUAL(start.jump->skipped(), 0u);
}
