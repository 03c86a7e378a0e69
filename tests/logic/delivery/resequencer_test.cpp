#define CAF_SUITE resequencer

#include "logic/delivery/resequencer.hpp"

#include "caf/test/dsl.hpp"

#include <algorithm>
#include <functional>
#include <random>
#include <vector>

using millrace::logic::BatchPlace;
using millrace::logic::BatchSequence;
using millrace::logic::BatchTicket;
using millrace::logic::Resequencer;

namespace {

struct Fixture {
  Resequencer<int> order;
  std::vector<int> passed;

  bool offer(std::uint64_t sequence, std::uint64_t oldest_unfinished = 0) {
    BatchTicket ticket;
    ticket.place.sequence = BatchSequence{sequence};
    ticket.oldest_unfinished.sequence = BatchSequence{oldest_unfinished};
    return offer(ticket, static_cast<int>(sequence));
  }

  /// Pieces are shown as 100 * sequence + piece.
  bool offer_piece(std::uint64_t sequence, std::uint32_t piece, bool last) {
    BatchTicket ticket;
    ticket.place = {BatchSequence{sequence}, piece};
    ticket.oldest_unfinished = ticket.place;
    ticket.ends_sequence = last;
    return offer(ticket, static_cast<int>(100 * sequence + piece));
  }

  bool offer(const BatchTicket& ticket, int item) {
    return order.offer(ticket, int{item}, pass());
  }

  void advance(std::uint64_t sequence) {
    order.advance({BatchSequence{sequence}, 0}, pass());
  }

  std::function<void(int)> pass() {
    return [this](int item) { passed.push_back(item); };
  }
};

} // namespace

CAF_TEST(what_comes_early_waits) {
  Fixture f;
  f.offer(1);
  f.offer(2);
  CAF_CHECK(f.passed.empty());
  CAF_CHECK(f.order.holds({BatchSequence{2}, 0}));
  CAF_CHECK(!f.order.holds({BatchSequence{0}, 0}));
  CAF_CHECK_EQUAL(f.order.waiting(), 2u);
  f.offer(0);
  CAF_CHECK_EQUAL(f.passed, (std::vector<int>{0, 1, 2}));
  CAF_CHECK_EQUAL(f.order.waiting(), 0u);
}

CAF_TEST(a_repeat_of_what_was_passed_is_refused) {
  Fixture f;
  CAF_CHECK(f.offer(0));
  CAF_CHECK(f.offer(1));
  CAF_CHECK(!f.offer(0));
  CAF_CHECK_EQUAL(f.passed, (std::vector<int>{0, 1}));
  CAF_CHECK(f.order.passed({BatchSequence{1}, 0}));
  CAF_CHECK(!f.order.passed({BatchSequence{2}, 0}));
}

CAF_TEST(pieces_of_a_batch_pass_before_its_successor) {
  Fixture f;
  f.offer(0);
  f.offer(2);
  f.offer_piece(1, 0, false);
  CAF_CHECK(!f.offer_piece(1, 0, false));
  f.offer_piece(1, 1, false);
  CAF_CHECK_EQUAL(f.passed, (std::vector<int>{0, 100, 101}));
  f.offer_piece(1, 2, true);
  CAF_CHECK_EQUAL(f.passed, (std::vector<int>{0, 100, 101, 102, 2}));
}

CAF_TEST(pieces_of_a_batch_that_was_passed_as_a_whole_are_refused) {
  Fixture f;
  f.offer(0);
  CAF_CHECK(!f.offer_piece(0, 0, false));
  CAF_CHECK(!f.offer_piece(0, 1, true));
}

CAF_TEST(a_piece_that_never_comes_is_passed_over_once_it_is_finished) {
  Fixture f;
  f.offer_piece(0, 0, false);
  f.offer(1);
  CAF_CHECK_EQUAL(f.passed, std::vector<int>{0});
  f.advance(1);
  CAF_CHECK_EQUAL(f.passed, (std::vector<int>{0, 1}));
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
