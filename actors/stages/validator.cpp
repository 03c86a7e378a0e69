#include "actors/stages/validator.hpp"

#include "logic/validation/validator.hpp"
#include "messages/pipeline.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <cstdint>

namespace millrace::actors {

namespace {

class ValidatorState {
public:
  static inline const char* name = name_of(logic::ActorKind::validator).data();

  ValidatorState(ValidatorActor::pointer self, ValidatorParameters parameters)
    : self_(self), parameters_(std::move(parameters)),
      members_(parameters_.member_prefix),
      validator_(parameters_.config, parameters_.outcome, members_) {}

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
    // A batch that is tried again was counted the first time.
    if (order.ticket.attempt == 0) {
      count_replaced(*batch);
      if (await_outcome_)
        look_for_outcomes(*batch);
    }
    hand_on(self_, parameters_.place,
            messages::EnrichBatch{order.ticket, std::move(batch)});
  }

  void count_replaced(const logic::ValidatedBatch& batch) {
    const auto& around = parameters_.place.surroundings;
    for (std::size_t index = 0; index != batch.replaced.size(); ++index) {
      const auto member = static_cast<logic::OutputMember>(index);
      if (!around.metrics->count_replaced(member, batch.replaced[index]))
        continue;
      around.log->warn(name,
                       "events bring a member that the node writes, and lose "
                       "their own; output.member_prefix keeps both",
                       {{"member", members_.name(member)},
                        {"topic", batch.raw->topic()},
                        {"partition", batch.raw->partition()}});
    }
  }

  /// A misspelt path finds nothing in any event, and the rules about failed
  /// logins keep silent: told once.
  void look_for_outcomes(const logic::ValidatedBatch& batch) {
    constexpr std::uint64_t enough = 1000;
    const auto tells = [](const logic::LoginEvent& event) {
      return event.status != logic::LoginStatus::unknown;
    };
    await_outcome_ = !std::ranges::any_of(batch.events, tells);
    untold_ += batch.events.size();
    if (!await_outcome_ || untold_ < enough)
      return;
    await_outcome_ = false;
    parameters_.place.surroundings.log->warn(
      name,
      "no event so far tells in detection.outcome_member how its login ended, "
      "in any of detection.success_values and failure_values; rules about "
      "failed logins cannot fire",
      {{"member", parameters_.outcome.member}, {"events", untold_}});
  }

  ValidatorActor::pointer self_;
  ValidatorParameters parameters_;
  logic::OutputMembers members_;
  logic::Validator validator_;
  bool await_outcome_ = !parameters_.outcome.member.empty();
  std::uint64_t untold_ = 0; ///< valid events before any told its outcome
};

} // namespace

ValidatorActor spawn_validator(caf::actor_system& system,
                               ValidatorParameters parameters) {
  return system.spawn<ValidatorActor::stateful_impl<ValidatorState>>(
    std::move(parameters));
}

} // namespace millrace::actors
