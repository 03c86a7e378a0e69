#pragma once

#include "actors/stage.hpp"
#include "logic/ids.hpp"
#include "logic/result.hpp"

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

/// Work that outlives the actors that do it. A death loses the actor and its
/// mailbox, but not what is known about unfinished records, credit and
/// deliveries. One actor at a time may enter; a takeover shuts its
/// predecessor out, so that one that hung cannot come back and do harm. Any
/// exception that passes through the work leaves it in doubt, and nobody may
/// take it over any more.
template <class Work>
class Lasting {
public:
  template <class... Args>
  explicit Lasting(Args&&... args) : work_(std::forward<Args>(args)...) {}

  /// False while the predecessor is inside: it hangs in the work itself.
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
      return std::forward<Call>(call)(work_);
    } catch (...) {
      intact_ = false;
      throw;
    }
  }

private:
  std::mutex mutex_;
  logic::Incarnation holder_;
  std::atomic<bool> intact_{true};
  Work work_;
};

/// The life of one actor at a piece of lasting work: every message is handled
/// by a method of the work.
template <class Interface, class Work>
class Tenant {
public:
  using Pointer = typename Interface::pointer;

  static inline const char* name = Work::name;

  Tenant(Pointer self, std::shared_ptr<Lasting<Work>> lasting,
         logic::Incarnation incarnation)
    : self_(self), lasting_(std::move(lasting)), incarnation_(incarnation) {}

  typename Interface::behavior_type make_behavior() {
    harden(self_);
    lasting_->enter(incarnation_, [this](Work& work) { work.begin(self_); });
    return Work::behavior(*this);
  }

  Pointer self() const noexcept { return self_; }

  /// A handler that lets the work's method handle the message.
  template <class Result, class... Args>
  auto by(Result (Work::*method)(Args...)) {
    return [this, method](Args... args) -> Result {
      return lasting_->enter(incarnation_, [&](Work& work) -> Result {
        return (work.*method)(std::forward<Args>(args)...);
      });
    };
  }

private:
  Pointer self_;
  std::shared_ptr<Lasting<Work>> lasting_;
  logic::Incarnation incarnation_;
};

/// Starts the first and every further actor of a role.
template <class Interface>
using Succession = std::function<logic::Result<Interface>(logic::Incarnation)>;

/// Hands lasting work over to a new actor. `unrecoverable` where nobody can
/// take it over any more.
template <class Interface, class Work>
logic::Result<Interface> succeed(caf::actor_system& system,
                                 const std::shared_ptr<Lasting<Work>>& lasting,
                                 logic::Incarnation incarnation) {
  if (!lasting->intact())
    return logic::Error{logic::ErrorCode::unrecoverable,
                        std::string{Work::name}
                          + " failed in the middle of its own bookkeeping"};
  if (!lasting->hand_over(incarnation))
    return logic::Error{logic::ErrorCode::unrecoverable,
                        std::string{Work::name}
                          + " hangs in the middle of its own bookkeeping"};
  if constexpr (requires(Work & work) { work.provide_client(); }) {
    const auto provided = lasting->enter(
      incarnation, [](Work& work) { return work.provide_client(); });
    if (!provided)
      return provided.error();
  }
  using Life =
    typename Interface::template stateful_impl<Tenant<Interface, Work>>;
  return system.spawn<Life>(lasting, incarnation);
}

} // namespace millrace::actors
