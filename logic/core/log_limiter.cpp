#include "logic/core/log_limiter.hpp"

namespace millrace::logic {

std::optional<std::uint64_t> LogLimiter::admit(std::string_view component,
                                               std::string_view message,
                                               Time now) {
  const std::lock_guard lock{mutex_};
  auto& window = window_of(component, message, now);
  if (now - window.start >= limits_.interval) {
    window.start = now;
    window.admitted = 0;
  }
  if (window.admitted >= limits_.burst) {
    ++window.suppressed;
    ++suppressed_;
    return std::nullopt;
  }
  ++window.admitted;
  return std::exchange(window.suppressed, 0);
}

LogLimiter::Window& LogLimiter::window_of(std::string_view component,
                                          std::string_view message, Time now) {
  const auto known = windows_.find(KeyView{component, message});
  if (known != windows_.end()) {
    return known->second;
  }
  if (windows_.size() >= limits_.max_messages) {
    // What still owes a count of held-back lines stays, to tell it later.
    std::erase_if(windows_, [&](const auto& entry) {
      return now - entry.second.start >= limits_.interval
             && entry.second.suppressed == 0;
    });
  }
  if (windows_.size() >= limits_.max_messages) {
    return shared_;
  }
  const auto added = windows_.emplace(
    Key{std::string{component}, std::string{message}}, Window{.start = now});
  return added.first->second;
}

std::uint64_t LogLimiter::suppressed() const {
  const std::lock_guard lock{mutex_};
  return suppressed_;
}

} // namespace millrace::logic
