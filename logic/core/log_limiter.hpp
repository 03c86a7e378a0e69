#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace millrace::logic {

/// Keeps a fault storm from filling disks: of each message it admits a burst
/// per interval and counts the rest. A message is known by its component and
/// its constant text, which together name the call site. Any thread.
class LogLimiter {
public:
  /// A monotonic time, given by the caller (an actor's clock).
  using Time = std::chrono::steady_clock::time_point;

  struct Limits {
    std::chrono::milliseconds interval{10'000};
    std::uint64_t burst = 5; ///< lines of one message per interval
    /// Messages remembered; what comes on top shares one allowance.
    std::size_t max_messages = 512;
  };

  LogLimiter() = default;
  explicit LogLimiter(const Limits& limits) : limits_(limits) {}

  /// Nothing when the line must not be written; otherwise how many lines of
  /// this message were held back since the last admitted one.
  std::optional<std::uint64_t> admit(std::string_view component,
                                     std::string_view message, Time now);

  /// Lines held back so far, of all messages.
  std::uint64_t suppressed() const;

private:
  struct Window {
    Time start;
    std::uint64_t admitted = 0;
    std::uint64_t suppressed = 0;
  };
  using Key = std::pair<std::string, std::string>;
  using KeyView = std::pair<std::string_view, std::string_view>;
  struct Less {
    using is_transparent = void;
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      return KeyView{a.first, a.second} < KeyView{b.first, b.second};
    }
  };

  Window& window_of(std::string_view component, std::string_view message,
                    Time now);

  mutable std::mutex mutex_;
  Limits limits_;
  std::map<Key, Window, Less> windows_;
  Window shared_;
  std::uint64_t suppressed_ = 0;
};

} // namespace millrace::logic
