#pragma once

#include "actors/interfaces.hpp"
#include "actors/supervision/registered_actor.hpp"
#include "actors/telemetry/metrics.hpp"
#include "logic/core/log.hpp"
#include "logic/core/pseudonyms.hpp"
#include "logic/core/result.hpp"
#include "logic/core/wall_clock.hpp"
#include "logic/faults/fault_effects.hpp"
#include "messages/faults.hpp"
#include "messages/pipeline.hpp"
#include "messages/supervision.hpp"

#include <caf/scheduled_actor.hpp>
#include <caf/send.hpp>

#include <exception>
#include <functional>
#include <memory>

/// What all supervised actors share.
namespace millrace::actors {

/// The surroundings of an actor. All are thread-safe and outlive it.
struct Surroundings {
  logic::LogPtr log;
  std::shared_ptr<Metrics> metrics;
  std::shared_ptr<const logic::WallClock> clock;
  /// Null unless `fault_injection.enabled` is set.
  std::shared_ptr<logic::faults::FaultEffects> fault_effects;
  /// Null without a key: then logs name nobody.
  std::shared_ptr<const logic::Pseudonyms> pseudonyms = nullptr;
};

/// What a broker refuses, somebody must allow; the rest time may mend.
inline logic::LogLevel trouble_level(const logic::Error& error) {
  return error.code == logic::ErrorCode::unauthorized ? logic::LogLevel::error
                                                      : logic::LogLevel::warn;
}

/// CAF's defaults print, or end an actor over an error message that somebody
/// sent it. Here an exception that nobody caught ends the actor with its text
/// as the error, for the supervisor to see, and nothing else does.
template <class Self>
void harden(Self* self) {
  self->set_error_handler([](caf::scheduled_actor*, caf::error&) {});
  self->set_default_handler(caf::drop);
  self->set_exception_handler(
    [](caf::scheduled_actor*, std::exception_ptr& thrown) -> caf::error {
      try {
        std::rethrow_exception(thrown);
      } catch (const std::exception& error) {
        return caf::make_error(logic::ErrorCode::stage_failed, error.what());
      } catch (...) {
        return caf::make_error(logic::ErrorCode::stage_failed,
                               "an exception of an unknown kind");
      }
    });
}

/// Every actor's answer to its supervisor.
template <class Self>
auto answer_heartbeats(Self* self) {
  return [self](messages::Heartbeat) {
    return messages::HeartbeatAnswer{self->mailbox().size()};
  };
}

/// Every actor's obedience to faults on purpose.
inline auto obey_faults(const Surroundings& surroundings) {
  return
    [effects = surroundings.fault_effects](const messages::InjectFault& fault) {
      if (effects)
        logic::faults::suffer(fault.order, *effects);
    };
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
