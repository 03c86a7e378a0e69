#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace millrace::logic {

/// What kind of thing went wrong. Numbers travel between nodes and stand in
/// logs: append only, never renumber.
enum class ErrorCode : std::uint8_t {
  none = 0,
  invalid_argument = 1,
  invalid_config = 2,
  not_found = 3,
  io_failed = 4,
  malformed = 5,
  unsupported = 6,
  timed_out = 7,
  unavailable = 8,
  unauthorized = 9,
  queue_full = 10,
  fenced = 11,
  fatal_client = 12,
  stage_failed = 13,
  unrecoverable = 14, ///< only a new process can help
  no_space = 15, ///< the disk is full
};

/// The code's name in snake_case, for logs and metrics.
std::string_view to_string(ErrorCode code) noexcept;

/// An error as a value. `text` is a sentence fragment that says what was
/// attempted, with what, and what to do about it.
struct Error {
  ErrorCode code = ErrorCode::none;
  std::string text;

  friend bool operator==(const Error&, const Error&) = default;
};

/// Either a value or an error; test it before use.
template <class T>
class [[nodiscard]] Result {
public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const noexcept { return state_.index() == 0; }
  bool has_value() const noexcept { return state_.index() == 0; }

  T& operator*() & { return std::get<0>(state_); }
  const T& operator*() const& { return std::get<0>(state_); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }

  const Error& error() const { return std::get<1>(state_); }

private:
  std::variant<T, Error> state_;
};

/// Success without a value, or an error.
template <>
class [[nodiscard]] Result<void> {
public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  explicit operator bool() const noexcept { return !error_.has_value(); }
  bool has_value() const noexcept { return !error_.has_value(); }

  const Error& error() const { return *error_; }

private:
  std::optional<Error> error_;
};

} // namespace millrace::logic
