#define CAF_SUITE offset_ledger

#include "logic/recovery/offset_ledger.hpp"

#include "caf/test/dsl.hpp"

#include <algorithm>
#include <random>
#include <set>
#include <vector>

using millrace::logic::BatchSequence;
using millrace::logic::Offset;
using millrace::logic::OffsetLedger;

namespace {

/// The same by brute force: every batch ever opened, searched from the
/// beginning each time.
struct Model {
  struct Batch {
    std::int64_t last;
    bool finished;
  };
  std::vector<Batch> batches;

  std::optional<Offset> end() const {
    std::optional<Offset> next;
    for (const auto& batch : batches) {
      if (!batch.finished)
        break;
      next = Offset{batch.last + 1};
    }
    return next;
  }
};

} // namespace

CAF_TEST(what_is_unfinished_is_found_by_its_offsets) {
  OffsetLedger ledger;
  const auto first = ledger.open(Offset{10});
  const auto second = ledger.open(Offset{20});
  ledger.open(Offset{30});
  CAF_CHECK(ledger.any_unfinished(Offset{0}, Offset{10}));
  ledger.finish(second);
  CAF_CHECK(ledger.any_unfinished(Offset{0}, Offset{10}));
  CAF_CHECK(!ledger.any_unfinished(Offset{11}, Offset{20}));
  CAF_CHECK(ledger.any_unfinished(Offset{11}, Offset{30}));
  ledger.finish(first);
  CAF_CHECK(!ledger.any_unfinished(Offset{0}, Offset{20}));
  CAF_CHECK(ledger.any_unfinished(Offset{21}, Offset{30}));
  CAF_CHECK(!ledger.any_unfinished(Offset{31}, Offset{40}));
}

CAF_TEST(the_end_moves_only_over_finished_batches) {
  OffsetLedger ledger;
  const auto first = ledger.open(Offset{9});
  const auto second = ledger.open(Offset{19});
  const auto third = ledger.open(Offset{35});
  CAF_CHECK(!ledger.finish(third));
  CAF_CHECK(!ledger.finish(second));
  CAF_CHECK_EQUAL(ledger.unfinished(), 1u);
  CAF_CHECK(ledger.finish(first) == Offset{36});
  CAF_CHECK(ledger.oldest_unfinished() == BatchSequence{3});
}

CAF_TEST(the_end_moves_into_a_batch_that_is_finished_in_part) {
  OffsetLedger ledger;
  const auto first = ledger.open(Offset{9});
  const auto second = ledger.open(Offset{19});
  CAF_CHECK(ledger.advance(first, Offset{4}) == Offset{4});
  CAF_CHECK(!ledger.advance(first, Offset{4}));
  CAF_CHECK(!ledger.advance(first, Offset{3}));
  CAF_CHECK(!ledger.advance(first, Offset{10})); // that is to finish it
  CAF_CHECK(!ledger.advance(second, Offset{15}));
  CAF_CHECK(ledger.finish(first) == Offset{15});
  CAF_CHECK(!ledger.advance(first, Offset{5}));
  CAF_CHECK(ledger.finish(second) == Offset{20});
}

CAF_TEST(finishing_twice_or_the_unknown_changes_nothing) {
  OffsetLedger ledger;
  const auto first = ledger.open(Offset{0});
  CAF_CHECK(!ledger.finish(BatchSequence{7}));
  CAF_CHECK(ledger.finish(first) == Offset{1});
  CAF_CHECK(!ledger.finish(first));
  CAF_CHECK_EQUAL(ledger.unfinished(), 0u);
}

CAF_TEST(any_order_of_events_agrees_with_brute_force) {
  for (std::uint32_t seed = 0; seed != 200; ++seed) {
    std::mt19937 random{seed};
    OffsetLedger ledger;
    Model model;
    std::int64_t offset = 0;
    std::optional<Offset> end;
    for (int step = 0; step != 300; ++step) {
      if (model.batches.empty() || random() % 3 == 0) {
        offset += 1 + random() % 50;
        const auto sequence = ledger.open(Offset{offset});
        model.batches.push_back({offset, false});
        CAF_REQUIRE_EQUAL(sequence.value, model.batches.size() - 1);
      } else {
        // Old, new, repeated and unknown ones alike.
        const auto pick = random() % (model.batches.size() + 2);
        const auto before = model.end();
        if (pick < model.batches.size())
          model.batches[pick].finished = true;
        const auto moved = ledger.finish(BatchSequence{pick});
        CAF_REQUIRE_EQUAL(moved.has_value(), model.end() != before);
        if (moved)
          end = moved;
      }
      CAF_REQUIRE(end == model.end());
      const auto first_open = std::ranges::find(model.batches, false,
                                                &Model::Batch::finished)
                              - model.batches.begin();
      CAF_REQUIRE_EQUAL(ledger.oldest_unfinished().value,
                        static_cast<std::uint64_t>(first_open));
      CAF_REQUIRE_EQUAL(ledger.unfinished(),
                        static_cast<std::size_t>(std::ranges::count(
                          model.batches, false, &Model::Batch::finished)));
    }
  }
}
