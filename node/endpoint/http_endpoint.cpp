#include "node/endpoint/http_endpoint.hpp"

#include "node/endpoint/http_response.hpp"
#include "node/endpoint/http_routes.hpp"
#include "node/endpoint/http_server.hpp"

#include <cstddef>
#include <utility>

namespace millrace::node {

namespace {

/// What serves on all addresses is reached by this machine's own.
std::string reachable(const std::string& address) {
  return address == "0.0.0.0" ? "127.0.0.1" : address;
}

std::string bytes_of(const HttpResponse& response, bool with_body) {
  auto bytes = head_of(response);
  if (with_body)
    bytes += response.body;
  return bytes;
}

HttpServerOptions options_of(const HttpConfig& config) {
  HttpServerOptions options;
  options.address = config.address;
  options.port = static_cast<std::uint16_t>(config.port);
  options.threads = static_cast<std::size_t>(config.threads);
  options.max_connections = static_cast<std::size_t>(config.max_waiting);
  options.max_request_bytes = static_cast<std::size_t>(
    config.max_request_size.bytes);
  options.timeout = config.request_timeout;
  return options;
}

} // namespace

logic::Result<std::unique_ptr<HttpEndpoint>>
HttpEndpoint::start(HttpConfig config, HttpSources sources) {
  if (const auto faults = check(config); !faults.empty()) {
    return faults.front();
  }
  auto server = std::make_unique<HttpServer>(
    options_of(config),
    [sources = std::move(sources)](const HttpRequestHead& head,
                                   std::string_view peer) {
      return bytes_of(
        respond({head.method, head.path, head.query, peer, head.token},
                sources),
        head.method != "HEAD");
    },
    [](int status, std::string_view text) {
      return bytes_of(error_response(status, text), true);
    });
  if (const auto problem = server->start())
    return logic::Error{
      logic::ErrorCode::unavailable,
      "could not serve HTTP on " + config.address + ':'
        + std::to_string(config.port) + ": " + *problem
        + "; set http.port (0 takes any free port), http.address, or "
          "http.enabled to false"};
  return std::unique_ptr<HttpEndpoint>(
    new HttpEndpoint(std::move(server), std::move(config.address)));
}

HttpEndpoint::HttpEndpoint(std::unique_ptr<HttpServer> server,
                           std::string address)
  : server_(std::move(server)), address_(std::move(address)),
    port_(server_->port()) {}

HttpEndpoint::~HttpEndpoint() {
  stop();
}

void HttpEndpoint::stop() noexcept {
  server_.reset();
}

std::string HttpEndpoint::url() const {
  return "http://" + reachable(address_) + ':' + std::to_string(port_);
}

} // namespace millrace::node
