#include "actors/stages/validator.hpp"

#include "logic/validation/validator.hpp"
#include "messages/pipeline.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace millrace::actors {

namespace {

class ValidatorState {
public:
  static inline const char* name = name_of(logic::ActorKind::validator).data();

  ValidatorState(ValidatorActor::pointer self, ValidatorParameters parameters)
    : self_(self), parameters_(std::move(parameters)),
      validator_(parameters_.config, parameters_.outcome) {}

  ValidatorActor::behavior_type make_behavior() {
    harden(self_);
    return {
      [this](messages::ValidateBatch& order) {
        attempt(self_, parameters_.place, order.ticket,
                [&] { validate(order); });
      },
      answer_heartbeats(self_),
      obey_faults(parameters_.place.surroundings),
    };
  }

private:
  void validate(messages::ValidateBatch& order) {
    auto batch = validator_.validate(
      std::move(order.batch), parameters_.place.surroundings.clock->now_ms());
    tell(self_, parameters_.place.next,
         messages::EnrichBatch{order.ticket, std::move(batch)});
  }

  ValidatorActor::pointer self_;
  ValidatorParameters parameters_;
  logic::Validator validator_;
};

} // namespace

ValidatorActor spawn_validator(caf::actor_system& system,
                               ValidatorParameters parameters) {
  return system.spawn<ValidatorActor::stateful_impl<ValidatorState>>(
    std::move(parameters));
}

} // namespace millrace::actors
