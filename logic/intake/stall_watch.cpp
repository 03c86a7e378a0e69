#include "logic/intake/stall_watch.hpp"

namespace millrace::logic {

bool StallWatch::stalled(PartitionId partition, std::optional<Offset> finished,
                         Offset high_watermark, TimePoint now) {
  const bool behind = finished && *finished < high_watermark;
  const Seen current{finished, behind, now};
  auto& seen = seen_.try_emplace(partition, current).first->second;
  if (!behind || !seen.behind || seen.finished != finished) {
    seen = current;
    return false;
  }
  return now - seen.since > patience_;
}

} // namespace millrace::logic
