#pragma once

#include "actors/supervision/supervised.hpp"
#include "logic/core/ids.hpp"
#include "logic/core/result.hpp"

#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>

namespace millrace::actors {

/// Thrown into an actor that was replaced while it hung and wakes up late.
class Fenced : public std::runtime_error {
public:
  Fenced() : std::runtime_error("another actor took over") {}
};

/// State that outlives the actors that work on it. A death loses the actor and
/// its mailbox, but not what is known about unfinished records, credit and
/// deliveries. One actor at a time may enter; a takeover shuts its
/// predecessor out, so that one that hung cannot come back and do harm. Any
/// exception that passes through the state leaves it in doubt, and nobody may
/// take it over any more.
template <class State>
class SurvivingState {
public:
  template <class... Args>
  explicit SurvivingState(Args&&... args)
    : state_(std::forward<Args>(args)...) {}

  /// False while the predecessor is inside: it hangs at the state itself.
  bool hand_over(logic::Incarnation successor) {
    const std::unique_lock lock{mutex_, std::try_to_lock};
    if (lock)
      holder_ = successor;
    return lock.owns_lock();
  }

  bool intact() const noexcept { return intact_; }

  template <class Call>
  decltype(auto) enter(logic::Incarnation visitor, Call&& call) {
    const std::lock_guard lock{mutex_};
    if (visitor != holder_)
      throw Fenced{};
    try {
      return std::forward<Call>(call)(state_);
    } catch (...) {
      intact_ = false;
      throw;
    }
  }

private:
  std::mutex mutex_;
  logic::Incarnation holder_;
  std::atomic<bool> intact_{true};
  State state_;
};

/// An actor that works on surviving state as long as it lives: every message is
/// handled by a method of the state.
template <class Interface, class State>
class SurvivingStateActor {
public:
  using Pointer = typename Interface::pointer;

  static inline const char* name = State::name;

  SurvivingStateActor(Pointer self,
                      std::shared_ptr<SurvivingState<State>> shared,
                      logic::Incarnation incarnation)
    : self_(self), shared_(std::move(shared)), incarnation_(incarnation) {}

  typename Interface::behavior_type make_behavior() {
    harden(self_);
    shared_->enter(incarnation_, [this](State& state) { state.begin(self_); });
    return State::behavior(*this);
  }

  Pointer self() const noexcept { return self_; }

  Surroundings surroundings() {
    return shared_->enter(incarnation_, [](State& state) -> Surroundings {
      return state.surroundings();
    });
  }

  /// A handler that lets the state's method handle the message.
  template <class Result, class... Args>
  auto handle_with(Result (State::*method)(Args...)) {
    return [this, method](Args... args) -> Result {
      return shared_->enter(incarnation_, [&](State& state) -> Result {
        return (state.*method)(std::forward<Args>(args)...);
      });
    };
  }

private:
  Pointer self_;
  std::shared_ptr<SurvivingState<State>> shared_;
  logic::Incarnation incarnation_;
};

/// Starts the first and every further actor on a piece of surviving state.
template <class Interface>
using SuccessorFactory
  = std::function<logic::Result<Interface>(logic::Incarnation)>;

/// Hands surviving state over to a new actor. `unrecoverable` where nobody can
/// take it over any more.
template <class Interface, class State>
logic::Result<Interface>
spawn_successor(caf::actor_system& system,
                const std::shared_ptr<SurvivingState<State>>& shared,
                logic::Incarnation incarnation) {
  if (!shared->intact())
    return logic::Error{logic::ErrorCode::unrecoverable,
                        std::string{State::name}
                          + " failed in the middle of its own bookkeeping"};
  if (!shared->hand_over(incarnation))
    return logic::Error{logic::ErrorCode::unrecoverable,
                        std::string{State::name}
                          + " hangs in the middle of its own bookkeeping"};
  if constexpr (requires(State & state) { state.provide_client(); }) {
    const auto provided = shared->enter(
      incarnation, [](State& state) { return state.provide_client(); });
    if (!provided)
      return provided.error();
  }
  using Life = typename Interface::template stateful_impl<
    SurvivingStateActor<Interface, State>>;
  return system.spawn<Life>(shared, incarnation);
}

} // namespace millrace::actors
