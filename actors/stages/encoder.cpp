#include "actors/stages/encoder.hpp"

#include "logic/encoding/encoder.hpp"
#include "messages/pipeline.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <stdexcept>

namespace millrace::actors {

namespace {

class EncoderState {
public:
  static inline const char* name = name_of(logic::ActorKind::encoder).data();

  EncoderState(EncoderActor::pointer self, EncoderParameters parameters)
    : self_(self), parameters_(std::move(parameters)),
      encoder_(parameters_.config) {}

  EncoderActor::behavior_type make_behavior() {
    harden(self_);
    return {
      [this](const messages::EncodeBatch& order) {
        attempt(self_, parameters_.place, order.ticket, [&] { encode(order); });
      },
      answer_heartbeats(self_),
      obey_faults(parameters_.place.surroundings),
    };
  }

private:
  void encode(const messages::EncodeBatch& order) {
    if (!logic::fits(*order.batch, order.judgements, order.columns))
      throw std::runtime_error{"verdicts do not fit the events of the batch"};
    auto batch = encoder_.encode(*order.batch, order.judgements,
                                 parameters_.place.surroundings.clock->now_ms(),
                                 order.columns);
    log_rejections(*batch);
    hand_on(self_, parameters_.place,
            messages::ProduceBatch{order.ticket, std::move(batch)});
  }

  /// All that the stages have rejected passes here. Details are masked.
  void log_rejections(const logic::EncodedBatch& batch) {
    auto& log = *parameters_.place.surroundings.log;
    if (batch.details.empty() || !log.enabled(logic::LogLevel::debug))
      return;
    for (const auto& record : batch.records)
      if (record.dead)
        log.debug(stage_of(record.reason), "record rejected",
                  {{"topic", batch.raw->topic()},
                   {"partition", batch.raw->partition()},
                   {"offset", (*batch.raw)[record.record].offset},
                   {"reason", to_string(record.reason)},
                   {"detail", batch.details[record.detail]}});
  }

  EncoderActor::pointer self_;
  EncoderParameters parameters_;
  logic::Encoder encoder_;
};

} // namespace

EncoderActor spawn_encoder(caf::actor_system& system,
                           EncoderParameters parameters) {
  return system.spawn<EncoderActor::stateful_impl<EncoderState>>(
    std::move(parameters));
}

} // namespace millrace::actors
