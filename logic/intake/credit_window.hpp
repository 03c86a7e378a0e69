#pragma once

#include <cassert>
#include <cstdint>

namespace millrace::logic {

/// Credit at one moment, for people.
struct CreditUse {
  std::uint64_t granted_bytes = 0;
  std::uint64_t used_bytes = 0;
  std::uint64_t waiting_bytes = 0; ///< of what waits for credit

  CreditUse& operator+=(const CreditUse& other) noexcept {
    granted_bytes += other.granted_bytes;
    used_bytes += other.used_bytes;
    waiting_bytes += other.waiting_bytes;
    return *this;
  }
};

/// Bytes that a stage lets be with it at a time, and how many are. One that is
/// larger than the whole window goes to an empty stage alone, so that it gets
/// through at all.
class CreditWindow {
public:
  /// 0: nothing is taken for now.
  void grant(std::uint64_t bytes) noexcept { granted_bytes_ = bytes; }

  bool admits(std::uint64_t bytes) const noexcept {
    return !shut()
           && (used_bytes_ == 0 || used_bytes_ + bytes <= granted_bytes_);
  }
  bool shut() const noexcept { return granted_bytes_ == 0; }

  void take(std::uint64_t bytes) noexcept { used_bytes_ += bytes; }

  void give_back(std::uint64_t bytes) noexcept {
    assert(bytes <= used_bytes_);
    used_bytes_ -= bytes;
  }

  std::uint64_t granted_bytes() const noexcept { return granted_bytes_; }
  std::uint64_t used_bytes() const noexcept { return used_bytes_; }

private:
  std::uint64_t granted_bytes_ = 0;
  std::uint64_t used_bytes_ = 0;
};

} // namespace millrace::logic
