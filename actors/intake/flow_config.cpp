#include "actors/intake/flow_config.hpp"

#include <algorithm>

namespace millrace::actors {

std::uint32_t
FlowConfig::worker_count(std::uint32_t processors) const noexcept {
  return workers > 0 ? static_cast<std::uint32_t>(workers)
                     : std::max(1U, processors);
}

void describe(logic::SettingVisitor& visitor, FlowConfig& config) {
  visitor.section("flow", "How much the node holds at once and how many "
                          "workers share the load.");
  visitor.setting({.name = "memory_budget",
                   .help = "Bytes that events may occupy on the node, the "
                           "Kafka client's queues included. At the limit the "
                           "node stops reading until something is delivered.",
                   .min = 8.0 * 1024 * 1024,
                   .max = 1024.0 * 1024 * 1024 * 1024},
                  &config.memory_budget);
  visitor.setting({.name = "batch_max_records",
                   .help = "Most records in a batch, the unit of work.",
                   .min = 1,
                   .max = 100'000},
                  &config.batch_max_records);
  visitor.setting({.name = "batch_max_bytes",
                   .help = "Most bytes in a batch; a single larger record is "
                           "a batch of its own.",
                   .min = 1024,
                   .max = 64.0 * 1024 * 1024},
                  &config.batch_max_bytes);
  visitor.setting({.name = "max_read_ahead",
                   .help = "Most offsets that a partition may be read past its "
                           "oldest unfinished record. A record that cannot be "
                           "delivered stops its partition there, the others "
                           "go on.",
                   .min = 1,
                   .max = 1e9},
                  &config.max_read_ahead);
  visitor.setting({.name = "rate_limit",
                   .help = "Most events that the node reads in a second, in "
                           "the mean; 0 for no limit. What is beyond waits at "
                           "the broker and is lag; nothing is dropped.",
                   .min = 0,
                   .max = 1e9},
                  &config.rate_limit);
  visitor.setting({.name = "rate_burst",
                   .help = "Most events at once after a pause, with "
                           "rate_limit; 0 for one second's worth.",
                   .min = 0,
                   .max = 1e9},
                  &config.rate_burst);
  visitor.setting({.name = "workers",
                   .help = "Threads that validate, enrich and judge, and as "
                           "many lanes; 0 means one per processor. More than "
                           "that gains nothing, as workers never wait.",
                   .min = 0,
                   .max = 256,
                   .variable = "KAFKA_WORKER_POOL_SIZE"},
                  &config.workers);
}

} // namespace millrace::actors
