#include "actors/delivery/producer.hpp"

#include <cstdint>

namespace millrace::actors {

logic::OutboxConfig ProducerParameters::outbox_config() const {
  logic::OutboxConfig config;
  config.retry_limit = static_cast<std::uint32_t>(delivery.retry_limit);
  config.back_off = {delivery.retry_backoff, delivery.retry_backoff_max};
  config.provenance_header = provenance_header;
  config.node = node;
  config.oversized = delivery.oversized_dead_letter == "stop"
                       ? logic::OversizedDeadLetter::stop
                       : logic::OversizedDeadLetter::reference;
  config.transactional = delivery.exactly_once();
  config.max_queued_dead_letters = max_queued_dead_letters;
  return config;
}

} // namespace millrace::actors
