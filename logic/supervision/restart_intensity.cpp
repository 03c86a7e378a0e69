#include "logic/supervision/restart_intensity.hpp"

namespace millrace::logic::supervision {

std::uint32_t RestartIntensity::add(TimePoint now) {
  while (!recent_.empty() && recent_.front() < now - limit_.window)
    recent_.pop_front();
  recent_.push_back(now);
  return static_cast<std::uint32_t>(recent_.size());
}

std::chrono::milliseconds jittered(std::chrono::milliseconds delay,
                                   std::uint64_t bits) noexcept {
  const auto half = delay / 2;
  const auto choices = static_cast<std::uint64_t>((delay - half).count()) + 1;
  return half + std::chrono::milliseconds{((bits >> 32) * choices) >> 32};
}

} // namespace millrace::logic::supervision
