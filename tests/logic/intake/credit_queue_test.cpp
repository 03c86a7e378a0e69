#define CAF_SUITE credit_queue

#include "logic/intake/credit_queue.hpp"

#include "caf/test/dsl.hpp"

#include <vector>

using namespace millrace::logic;

namespace {

using Queue = CreditQueue<int>;

std::vector<Queue::Admitted> all_due(Queue& queue) {
  std::vector<Queue::Admitted> due;
  while (auto next = queue.next())
    due.push_back(*next);
  return due;
}

} // namespace

CAF_TEST(what_there_is_credit_for_goes_the_rest_waits_in_order) {
  Queue queue{10};
  for (int item = 0; item != 4; ++item)
    queue.add(item, 4);
  const auto first = all_due(queue);
  CAF_REQUIRE_EQUAL(first.size(), 2u);
  CAF_CHECK_EQUAL(queue.use().used_bytes, 8u);
  CAF_CHECK_EQUAL(queue.use().waiting_bytes, 8u);
  queue.give_back(first[1].loan);
  const auto second = all_due(queue);
  CAF_REQUIRE_EQUAL(second.size(), 1u);
  CAF_CHECK_EQUAL(second[0].item, 2);
  CAF_CHECK_EQUAL(queue.use().granted_bytes, 10u);
}

CAF_TEST(a_large_one_goes_alone_and_no_small_one_passes_it) {
  Queue queue{10};
  queue.add(0, 1);
  queue.add(1, 50);
  queue.add(2, 1);
  const auto first = all_due(queue);
  CAF_REQUIRE_EQUAL(first.size(), 1u);
  queue.give_back(first[0].loan);
  const auto large = all_due(queue);
  CAF_REQUIRE_EQUAL(large.size(), 1u);
  CAF_CHECK_EQUAL(large[0].item, 1);
  queue.give_back(large[0].loan);
  CAF_CHECK_EQUAL(all_due(queue).size(), 1u);
}

CAF_TEST(a_new_life_owes_nothing_and_what_the_old_one_gives_back_is_ignored) {
  Queue queue{10};
  queue.add(0, 8);
  const auto old = all_due(queue);
  queue.add(1, 8);
  queue.begin_life();
  CAF_CHECK_EQUAL(queue.use().used_bytes, 0u);
  CAF_CHECK_EQUAL(queue.use().waiting_bytes, 0u);
  queue.add(2, 6);
  CAF_REQUIRE_EQUAL(all_due(queue).size(), 1u);
  queue.give_back(old[0].loan);
  CAF_CHECK_EQUAL(queue.use().used_bytes, 6u);
}
