#include "actors/encoder.hpp"

#include "logic/encoder.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <stdexcept>

namespace millrace::actors {

namespace {

class EncoderState {
public:
  static inline const char* name = "encoder";

  EncoderState(EncoderActor::pointer self, EncoderParts parts)
    : self_(self), parts_(std::move(parts)), encoder_(parts_.config) {}

  EncoderActor::behavior_type make_behavior() {
    harden(self_);
    return {
      [this](const messages::EncodeBatch& order) {
        attempt(self_, parts_.dispatcher, *parts_.mark, order.ticket,
                [&] { encode(order); });
      },
      answer_heartbeats(self_),
      obey_faults(),
    };
  }

private:
  void encode(const messages::EncodeBatch& order) {
    if (!logic::fits(*order.batch, order.verdicts))
      throw std::runtime_error{"verdicts do not fit the events of the batch"};
    auto batch = encoder_.encode(*order.batch, order.verdicts,
                                 parts_.surroundings.clock->now_ms());
    tell(self_, parts_.producer,
         messages::ProduceBatch{order.ticket, std::move(batch)});
  }

  EncoderActor::pointer self_;
  EncoderParts parts_;
  logic::Encoder encoder_;
};

} // namespace

EncoderActor spawn_encoder(caf::actor_system& system, EncoderParts parts) {
  return system.spawn<EncoderActor::stateful_impl<EncoderState>>(
    std::move(parts));
}

} // namespace millrace::actors
