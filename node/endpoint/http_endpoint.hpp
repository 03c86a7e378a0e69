#pragma once

#include "logic/core/result.hpp"
#include "node/endpoint/http_config.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace prometheus {
class Registry;
class Collectable;
} // namespace prometheus

namespace millrace::node {

class HttpServer;

/// Whether the node should be given work.
struct Readiness {
  bool ready = false;
  std::string reason; ///< why not, a sentence fragment; empty when ready
  /// The kind of reason, for a metric: one of `unready_causes`.
  std::string_view cause = {};
};

/// All that `Readiness::cause` may be.
inline constexpr std::array<std::string_view, 10> unready_causes{
  "ending",   "draining",       "consumer",
  "producer", "output_circuit", "dead_letter_circuit",
  "pinned",   "unassigned",     "unplaced",
  "stalled"};

/// What the endpoint shows. Callbacks run on the endpoint's threads, at the
/// same time as each other; they must be quick and are kept until `stop`.
/// An exception or an empty function is answered with 500 or 404.
struct HttpSources {
  std::shared_ptr<prometheus::Registry> registry;
  /// Shown after the registry, in this order.
  std::vector<std::shared_ptr<prometheus::Collectable>> collectables;
  std::function<std::string()> status_json; ///< one JSON document
  std::function<Readiness()> readiness;
  std::function<bool()> alive;
  /// Sets the level of one logger, of all where `logger` is empty.
  std::function<logic::Result<void>(std::string_view level,
                                    std::string_view logger)>
    set_log_level;
  /// Does an order for a fault, if the token is the right one; how many obey.
  std::function<logic::Result<std::uint32_t>(std::string_view token,
                                             std::string_view order)>
    inject_fault;
};

/// Serves /metrics, /health/live, /health/ready, /status, PUT /log/level and
/// an index over HTTP/1.1, without TLS. Owns its threads.
class HttpEndpoint {
public:
  /// Binds and serves; an address in use, or not ours, is an error that says
  /// what to do.
  static logic::Result<std::unique_ptr<HttpEndpoint>>
  start(HttpConfig config, HttpSources sources);

  HttpEndpoint(const HttpEndpoint&) = delete;
  HttpEndpoint& operator=(const HttpEndpoint&) = delete;
  ~HttpEndpoint(); ///< stops

  /// The port that is served, also where the configuration said 0.
  std::uint16_t port() const noexcept { return port_; }

  /// "http://127.0.0.1:9108"
  std::string url() const;

  /// Stops taking requests and waits for those under way. Idempotent.
  void stop() noexcept;

private:
  HttpEndpoint(std::unique_ptr<HttpServer> server, std::string address);

  std::unique_ptr<HttpServer> server_;
  std::string address_;
  std::uint16_t port_ = 0;
};

} // namespace millrace::node
