#include "actors/links/door.hpp"

#include "messages/links.hpp"
#include "messages/wire/type_ids.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>

#include <utility>

namespace millrace::actors {

namespace {

namespace wire = messages::wire;

class DoorState {
public:
  static inline const char* name = "door";

  DoorState(caf::event_based_actor* self, RegisteredActorPtr<LinksActor> keeper)
    : self_(self), keeper_(std::move(keeper)) {}

  caf::behavior make_behavior() {
    harden(self_);
    return {
      [this](wire::Hello& hello) {
        // Where there is nobody to link with, the caller asks again.
        if (const auto& sender = self_->current_sender())
          tell(self_, keeper_,
               messages::HelloReceived{std::move(hello.node), sender});
      },
      [this](const messages::TurnAway& order) {
        self_->send(
          caf::actor_cast<caf::actor>(order.whom),
          wire::Refused{static_cast<std::uint8_t>(order.refusal.reason),
                        order.refusal.text, order.incarnation});
      },
    };
  }

private:
  caf::event_based_actor* self_;
  RegisteredActorPtr<LinksActor> keeper_;
};

} // namespace

caf::actor spawn_door(caf::actor_system& system,
                      RegisteredActorPtr<LinksActor> keeper) {
  return system.spawn<caf::stateful_actor<DoorState>>(std::move(keeper));
}

} // namespace millrace::actors
