#pragma once

#include "logic/recovery/dispatch_plan.hpp"

#include "tests/logic/recovery/small_batches.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace millrace::tests {

/// A plan with lanes that have room for all, and what it has ordered last.
struct DispatchPlanFixture {
  logic::DispatchPlan plan{3, nullptr, plenty};
  logic::DispatchOrders orders;
  std::optional<logic::Offset> end;

  explicit DispatchPlanFixture(std::uint32_t lanes = 2) {
    for (std::uint32_t lane = 0; lane != lanes; ++lane)
      plan.attach_lane({lane, logic::Incarnation{lane + 1}, plenty}, nobody,
                       {});
  }

  void open(std::int64_t first, std::size_t count) {
    const auto batch = batch_of(first, count);
    if (plan.open(batch, {}, end))
      end = std::max(end, std::optional{batch->last_offset()});
    take();
  }
  void take() { orders = plan.take_orders(); }
  logic::DispatchPlan::Outcome fail(const logic::Deal& deal,
                                    bool guilty = true) {
    const auto outcome = plan.fail(deal.ticket, guilty, "validator", "bad");
    take();
    return outcome;
  }
  void finish(const logic::BatchTicket& ticket) {
    plan.finish(ticket.id);
    take();
  }
};

} // namespace millrace::tests
