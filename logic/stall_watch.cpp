#include "logic/stall_watch.hpp"

namespace millrace::logic {

bool StallWatch::stalled(PartitionId partition, std::optional<Offset> finished,
                         Offset high_watermark, TimePoint now) {
  const bool behind = finished && *finished < high_watermark;
  auto [entry, is_new] = seen_.try_emplace(partition, Seen{finished, now});
  auto& seen = entry->second;
  if (!behind || seen.finished != finished) {
    seen = Seen{finished, now};
    return false;
  }
  return !is_new && now - seen.since > patience_;
}

} // namespace millrace::logic
