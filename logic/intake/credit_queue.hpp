#pragma once

#include "logic/intake/credit_window.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

namespace millrace::logic {

/// What waits, in order, for a stage to have credit for it. Not thread-safe.
template <class T>
class CreditQueue {
public:
  /// Credit that is taken, and from which life of the stage.
  struct Loan {
    std::uint64_t bytes = 0;
    std::uint64_t life = 0;
  };
  struct Admitted {
    T item;
    Loan loan;
  };

  explicit CreditQueue(std::uint64_t window_bytes) {
    window_.grant(window_bytes);
  }

  void add(T item, std::uint64_t bytes) {
    waiting_bytes_ += bytes;
    waiting_.push_back({std::move(item), bytes});
  }

  /// The first that waits, if there is credit for it; takes that.
  std::optional<Admitted> next() {
    if (waiting_.empty() || !window_.admits(waiting_.front().bytes))
      return std::nullopt;
    auto [item, bytes] = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= bytes;
    window_.take(bytes);
    return Admitted{std::move(item), {bytes, life_}};
  }

  /// Ignored of a life that is over.
  void give_back(const Loan& loan) noexcept {
    if (loan.life == life_)
      window_.give_back(loan.bytes);
  }

  /// A new life of the stage: it holds nothing, and nothing waits for it.
  void begin_life() {
    ++life_;
    window_.give_back(window_.used_bytes());
    waiting_.clear();
    waiting_bytes_ = 0;
  }

  CreditUse use() const noexcept {
    return {window_.granted_bytes(), window_.used_bytes(), waiting_bytes_};
  }

private:
  struct Waiting {
    T item;
    std::uint64_t bytes;
  };

  CreditWindow window_;
  std::deque<Waiting> waiting_;
  std::uint64_t waiting_bytes_ = 0;
  std::uint64_t life_ = 0;
};

} // namespace millrace::logic
