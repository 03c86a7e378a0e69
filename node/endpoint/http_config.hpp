#pragma once

#include "logic/core/result.hpp"
#include "logic/core/settings.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace millrace::node {

/// Section "http": metrics, health and status.
struct HttpConfig {
  bool enabled = true;
  /// Nothing but this machine may read by default; containers need 0.0.0.0.
  std::string address = "127.0.0.1";
  std::int64_t port = 9108; ///< 0: any free one
  std::int64_t threads = 2;
  /// Open at the same time; beyond, the oldest unfinished one is closed.
  std::int64_t max_waiting = 256;
  logic::ByteSize max_request_size{16 * 1024};
  std::chrono::milliseconds request_timeout{5000};
};

void describe(logic::SettingVisitor& visitor, HttpConfig& config);

/// The address must be one that can be served on.
std::vector<logic::Error> check(const HttpConfig& config);

} // namespace millrace::node
