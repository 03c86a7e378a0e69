#pragma once

#include "actors/interfaces.hpp"
#include "actors/metrics.hpp"
#include "logic/log.hpp"
#include "logic/ports.hpp"

#include <caf/send.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <utility>

/// What all stages share.
namespace millrace::actors {

/// The surroundings of an actor. All are thread-safe and outlive it.
struct Surroundings {
  logic::LogPtr log;
  std::shared_ptr<Metrics> metrics;
  std::shared_ptr<const logic::WallClock> clock;
};

/// Runs one stage's work on one batch. An exception (out of memory, a bug)
/// must not take the actor down and with it the mailbox: the dispatcher is
/// told and sees to the batch.
template <class Self, class Work>
void attempt(Self* self, const DispatcherActor& dispatcher,
             const logic::BatchTicket& ticket, Work&& work) {
  try {
    std::forward<Work>(work)();
  } catch (const std::exception& error) {
    self->send(dispatcher,
               messages::BatchFailed{ticket, self->name(), error.what()});
  }
}

/// A wake-up for an adapter: tells the actor, if it still lives, that
/// something can be taken. Any thread.
template <class Handle, class Self>
std::function<void()> wake_up(Self* self) {
  return [weak = caf::weak_actor_ptr{self->ctrl()}] {
    if (auto strong = weak.lock())
      caf::anon_send(caf::actor_cast<Handle>(strong), messages::ClientReady{});
  };
}

} // namespace millrace::actors
