#define CAF_SUITE in_order

#include "logic/in_order.hpp"

#include "caf/test/dsl.hpp"

#include <algorithm>
#include <random>
#include <vector>

using millrace::logic::BatchSequence;
using millrace::logic::InOrder;

namespace {

struct Fixture {
  InOrder<int> order;
  std::vector<int> passed;

  void offer(std::uint64_t sequence, std::uint64_t oldest_unfinished = 0) {
    order.offer(BatchSequence{sequence}, BatchSequence{oldest_unfinished},
                static_cast<int>(sequence),
                [this](int item) { passed.push_back(item); });
  }
};

} // namespace

CAF_TEST(what_comes_early_waits) {
  Fixture f;
  f.offer(1);
  f.offer(2);
  CAF_CHECK(f.passed.empty());
  CAF_CHECK_EQUAL(f.order.waiting(), 2u);
  f.offer(0);
  CAF_CHECK_EQUAL(f.passed, (std::vector<int>{0, 1, 2}));
  CAF_CHECK_EQUAL(f.order.waiting(), 0u);
}

CAF_TEST(a_repeat_passes_at_once) {
  Fixture f;
  f.offer(0);
  f.offer(1);
  f.offer(0);
  CAF_CHECK_EQUAL(f.passed, (std::vector<int>{0, 1, 0}));
}

CAF_TEST(a_repeat_of_what_waits_replaces_it) {
  Fixture f;
  f.offer(1);
  f.offer(1);
  f.offer(0);
  CAF_CHECK_EQUAL(f.passed, (std::vector<int>{0, 1}));
}

CAF_TEST(one_who_joins_late_starts_at_the_oldest_unfinished) {
  Fixture f;
  f.offer(57, 55);
  CAF_CHECK(f.passed.empty());
  f.offer(55, 55);
  f.offer(56, 55);
  CAF_CHECK_EQUAL(f.passed, (std::vector<int>{55, 56, 57}));
}

CAF_TEST(every_permutation_comes_out_sorted) {
  std::mt19937 random{7};
  for (int round = 0; round != 200; ++round) {
    std::vector<std::uint64_t> sequences(40);
    for (std::size_t index = 0; index != sequences.size(); ++index)
      sequences[index] = index;
    std::ranges::shuffle(sequences, random);
    Fixture f;
    for (const auto sequence : sequences)
      f.offer(sequence);
    CAF_REQUIRE_EQUAL(f.passed.size(), sequences.size());
    CAF_REQUIRE(std::ranges::is_sorted(f.passed));
  }
}
