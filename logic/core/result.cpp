#include "logic/core/result.hpp"

namespace millrace::logic {

std::string_view to_string(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::none:
      return "none";
    case ErrorCode::invalid_argument:
      return "invalid_argument";
    case ErrorCode::invalid_config:
      return "invalid_config";
    case ErrorCode::not_found:
      return "not_found";
    case ErrorCode::io_failed:
      return "io_failed";
    case ErrorCode::malformed:
      return "malformed";
    case ErrorCode::unsupported:
      return "unsupported";
    case ErrorCode::timed_out:
      return "timed_out";
    case ErrorCode::unavailable:
      return "unavailable";
    case ErrorCode::unauthorized:
      return "unauthorized";
    case ErrorCode::queue_full:
      return "queue_full";
    case ErrorCode::fenced:
      return "fenced";
    case ErrorCode::fatal_client:
      return "fatal_client";
    case ErrorCode::stage_failed:
      return "stage_failed";
    case ErrorCode::unrecoverable:
      return "unrecoverable";
    case ErrorCode::no_space:
      return "no_space";
  }
  return "unknown";
}

} // namespace millrace::logic
