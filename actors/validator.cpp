#include "actors/validator.hpp"

#include "logic/validator.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace millrace::actors {

namespace {

class ValidatorState {
public:
  static inline const char* name = "validator";

  ValidatorState(ValidatorActor::pointer self, ValidatorParts parts)
    : self_(self), parts_(std::move(parts)), validator_(parts_.config) {}

  ValidatorActor::behavior_type make_behavior() {
    harden(self_);
    return {
      [this](messages::ValidateBatch& order) {
        attempt(self_, parts_.dispatcher, *parts_.mark, order.ticket,
                [&] { validate(order); });
      },
      answer_heartbeats(self_),
      obey_faults(),
    };
  }

private:
  void validate(messages::ValidateBatch& order) {
    auto batch = validator_.validate(std::move(order.batch),
                                     parts_.surroundings.clock->now_ms());
    tell(self_, parts_.enricher,
         messages::EnrichBatch{order.ticket, std::move(batch)});
  }

  ValidatorActor::pointer self_;
  ValidatorParts parts_;
  logic::Validator validator_;
};

} // namespace

ValidatorActor spawn_validator(caf::actor_system& system,
                               ValidatorParts parts) {
  return system.spawn<ValidatorActor::stateful_impl<ValidatorState>>(
    std::move(parts));
}

} // namespace millrace::actors
