#include "node/chaos/storm_setup.hpp"

#include "node/demo/sandbox.hpp"

#include <algorithm>
#include <fstream>

namespace millrace::node::chaos {

using namespace std::chrono_literals;
using logic::Error;
using logic::ErrorCode;
using logic::Result;
using std::chrono::milliseconds;

std::uint64_t events_of(const StormOptions& options) {
  return std::max<std::uint64_t>(
    1, static_cast<std::uint64_t>(
         options.rate * static_cast<double>(options.duration.count()) / 1e3));
}

milliseconds linger_of(const StormOptions& options) {
  constexpr milliseconds least{25};
  constexpr int most_batches = 4'000; // of a partition
  return std::max(least, options.duration / most_batches);
}

std::uint64_t retention_mib(const StormOptions& options) {
  constexpr std::uint64_t longest_output_bytes = 1'024;
  constexpr std::uint64_t least = 64;
  return least
         + 2 * events_of(options) * longest_output_bytes
             / demo::Sandbox::partitions / (1U << 20U);
}

Result<void> check_memory(const StormOptions& options) {
  constexpr std::uint64_t bytes_per_event = 1'300;
  constexpr std::uint64_t node_bytes = 512U << 20U;
  const auto needed = events_of(options) * bytes_per_event + node_bytes;
  std::ifstream file{"/proc/meminfo"};
  for (std::string name; file >> name;)
    if (std::uint64_t kib = 0;
        name == "MemAvailable:" && file >> kib && kib * 1024 < needed)
      return Error{ErrorCode::invalid_argument,
                   std::to_string(events_of(options))
                     + " events, all kept until the verdict, need about "
                     + std::to_string(needed >> 20U) + " MiB of memory, "
                     + std::to_string(kib >> 10U)
                     + " MiB are free; lower the rate or the duration"};
  return {};
}

void arrange_for_storm(LoadedConfig& loaded, const StormOptions& options) {
  using demo::prefer;
  auto& config = loaded.config;
  auto& supervision = config.supervision;
  prefer(loaded, "supervision.hang_deadline", supervision.hang_deadline, 1s);
  prefer(loaded, "supervision.client_hang_deadline",
         supervision.client_hang_deadline, 2s);
  prefer(loaded, "supervision.heartbeat_interval",
         supervision.heartbeat_interval, 250ms);
  prefer(loaded, "supervision.restart_limit", supervision.restart_limit,
         1'000'000);
  prefer(loaded, "supervision.restart_backoff", supervision.restart_backoff,
         5ms);
  prefer(loaded, "supervision.restart_backoff_max",
         supervision.restart_backoff_max, 50ms);
  auto& kafka = config.kafka;
  if (!kafka.broker_assigns())
    prefer(loaded, "kafka.session_timeout", kafka.session_timeout, 6s);
  prefer(loaded, "kafka.linger", kafka.linger, linger_of(options));
  // All events of a storm are new to its broker, which knows no passwords.
  kafka.auto_offset_reset = "earliest";
  kafka.security_protocol = "plaintext";
  config.fault_injection.enabled = true;
  config.fault_injection.orders.clear();
}

} // namespace millrace::node::chaos
