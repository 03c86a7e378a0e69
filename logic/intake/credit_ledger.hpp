#pragma once

#include <cassert>
#include <cstdint>

namespace millrace::logic {

/// Bytes that may still be taken in. A batch is admitted while any credit is
/// left, so the account may be overdrawn by one batch, never by two.
class CreditLedger {
public:
  explicit CreditLedger(std::int64_t budget_bytes)
    : budget_bytes_(budget_bytes), available_bytes_(budget_bytes) {}

  bool exhausted() const noexcept { return available_bytes_ <= 0; }

  void take(std::uint64_t bytes) noexcept {
    available_bytes_ -= static_cast<std::int64_t>(bytes);
  }

  /// Gives back what a finished batch had taken.
  void give_back(std::uint64_t bytes) noexcept {
    available_bytes_ += static_cast<std::int64_t>(bytes);
    assert(available_bytes_ <= budget_bytes_);
  }

  std::int64_t available_bytes() const noexcept { return available_bytes_; }
  std::int64_t used_bytes() const noexcept {
    return budget_bytes_ - available_bytes_;
  }
  std::int64_t budget_bytes() const noexcept { return budget_bytes_; }

private:
  std::int64_t budget_bytes_;
  std::int64_t available_bytes_;
};

} // namespace millrace::logic
