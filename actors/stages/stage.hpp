#pragma once

#include "actors/interfaces.hpp"
#include "actors/supervision/registered_actor.hpp"
#include "actors/supervision/supervised.hpp"
#include "logic/core/actor_table.hpp"
#include "messages/pipeline.hpp"

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

/// What all stages share.
namespace millrace::actors {

/// Which batch an actor is working on, for whoever has to find out why it died
/// or hangs. Written by the actor, read by any thread.
class WorkMark {
public:
  std::optional<logic::BatchId> read() const noexcept {
    const auto value = batch_.load();
    return value == idle ? std::nullopt : std::optional{logic::BatchId{value}};
  }

  /// Marks the batch for as long as it lives.
  class During {
  public:
    During(WorkMark& mark, logic::BatchId batch) noexcept : mark_(mark) {
      mark_.batch_.store(batch.value, std::memory_order_relaxed);
    }
    During(const During&) = delete;
    During& operator=(const During&) = delete;
    ~During() { mark_.batch_.store(idle, std::memory_order_relaxed); }

  private:
    WorkMark& mark_;
  };

private:
  static constexpr std::uint64_t idle = ~std::uint64_t{0};
  std::atomic<std::uint64_t> batch_{idle};
};

using WorkMarkPtr = std::shared_ptr<WorkMark>;

/// The place of a stage in its lane: whom it hands batches to, and whom it
/// tells when one fails.
template <logic::ActorKind kind>
struct LanePlace {
  RegisteredActorPtr<DispatcherActor> dispatcher;
  RegisteredActorPtr<ActorOf<logic::next_in_lane(kind)>> next;
  WorkMarkPtr mark;
  Surroundings surroundings;
};

/// Gives a batch to whoever is next. Of the last stage the dispatcher hears
/// that the lane has done with it.
template <class Self, logic::ActorKind kind, class Order>
void hand_on(Self* self, const LanePlace<kind>& place, Order order) {
  const auto ticket = order.ticket;
  tell(self, place.next, std::move(order));
  if constexpr (logic::next_in_lane(kind) == logic::ActorKind::producer)
    tell(self, place.dispatcher, messages::BatchLeftLane{ticket});
}

/// Runs one stage's work on one batch. An exception (out of memory, a bug)
/// must not take the actor down and with it the mailbox: the dispatcher is
/// told and sees to the batch.
template <class Self, class Place, class Work>
void attempt(Self* self, const Place& place, const logic::BatchTicket& ticket,
             Work&& work) {
  const auto report = [&](const char* text) {
    tell(self, place.dispatcher,
         messages::BatchFailed{ticket, self->name(), text, true});
  };
  try {
    const WorkMark::During during{*place.mark, ticket.id};
    std::forward<Work>(work)();
  } catch (const std::exception& error) {
    report(error.what());
  } catch (...) {
    report("an exception of an unknown kind");
  }
}

} // namespace millrace::actors
