#include "node/endpoint/http_endpoint.hpp"

#include "node/endpoint/http_response.hpp"
#include "node/endpoint/http_routes.hpp"

#include <civetweb.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <optional>
#include <stop_token>
#include <system_error>
#include <thread>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace millrace::node {

namespace {

sockaddr_in socket_address(const std::string& text, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  ::inet_pton(AF_INET, text.c_str(), &address.sin_addr);
  return address;
}

/// civetweb says no more than that it failed: tries again by hand, for the
/// system's own words.
std::string bind_problem(const HttpConfig& config) {
  const auto address = socket_address(config.address,
                                      static_cast<std::uint16_t>(config.port));
  const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int reuse = 1;
  const bool bound = probe >= 0
                     && ::setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &reuse,
                                     sizeof reuse)
                          == 0
                     && ::bind(probe,
                               reinterpret_cast<const sockaddr*>(&address),
                               sizeof address)
                          == 0
                     && ::listen(probe, 1) == 0;
  const int problem = errno;
  if (probe >= 0) {
    ::close(probe);
  }
  return bound ? "the server did not start"
               : std::generic_category().message(problem);
}

/// What serves on all addresses is reached by this machine's own.
std::string reachable(const std::string& address) {
  return address == "0.0.0.0" ? "127.0.0.1" : address;
}

/// Wakes the thread that accepts connections, which looks only every two
/// seconds whether it shall end, by connecting until it has ended.
class StopHastener {
public:
  explicit StopHastener(const sockaddr_in& address)
    : thread_([address](const std::stop_token& stop) { run(stop, address); }) {}

private:
  static void run(const std::stop_token& stop, const sockaddr_in& address) {
    std::mutex mutex;
    std::condition_variable_any stopped;
    std::unique_lock lock{mutex};
    while (!stop.stop_requested()) {
      const int knock = ::socket(AF_INET,
                                 SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      if (knock >= 0) {
        // Refused or still under way: the next one follows soon.
        static_cast<void>(::connect(
          knock, reinterpret_cast<const sockaddr*>(&address), sizeof address));
        ::close(knock);
      }
      stopped.wait_for(lock, stop, std::chrono::milliseconds{10},
                       [] { return false; });
    }
  }

  std::jthread thread_;
};

std::string_view view(const char* text) noexcept {
  return text == nullptr ? std::string_view{} : std::string_view{text};
}

/// Holds civetweb's library open; its count of users is not for threads.
void open_library() {
  static const unsigned opened = mg_init_library(0);
  (void)opened;
}

} // namespace

class HttpEndpoint::Server {
public:
  explicit Server(HttpSources sources) : sources_(std::move(sources)) {}
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() {
    if (context_ == nullptr)
      return;
    std::optional<StopHastener> hastener;
    try {
      hastener.emplace(socket_address(address_, port_));
    } catch (const std::system_error&) {
      // No thread to be had: it takes two seconds then.
    }
    mg_stop(context_);
  }

  bool start(const HttpConfig& config);
  std::uint16_t port() const noexcept { return port_; }

private:
  static int on_request(mg_connection* connection);
  static int on_error(mg_connection* connection, int status, const char* text);
  static int on_message(const mg_connection*, const char*) { return 1; }
  static void send(mg_connection* connection, const HttpResponse& response,
                   bool with_body);

  HttpSources sources_;
  mg_context* context_ = nullptr;
  std::string address_;
  std::uint16_t port_ = 0;
};

bool HttpEndpoint::Server::start(const HttpConfig& config) {
  open_library();
  const std::string address = config.address + ':'
                              + std::to_string(config.port);
  const std::string threads = std::to_string(config.threads);
  const std::string waiting = std::to_string(config.max_waiting);
  const std::string size = std::to_string(config.max_request_size.bytes);
  const std::string timeout = std::to_string(config.request_timeout.count());
  std::array<const char*, 17> options{"listening_ports",
                                      address.c_str(),
                                      "num_threads",
                                      threads.c_str(),
                                      "connection_queue",
                                      waiting.c_str(),
                                      "listen_backlog",
                                      waiting.c_str(),
                                      "max_request_size",
                                      size.c_str(),
                                      "request_timeout_ms",
                                      timeout.c_str(),
                                      "enable_keep_alive",
                                      "no",
                                      "enable_auth_domain_check",
                                      "no",
                                      nullptr};
  mg_callbacks callbacks{};
  callbacks.begin_request = on_request;
  callbacks.http_error = on_error;
  callbacks.log_message = on_message;
  mg_init_data init{&callbacks, this, options.data()};
  // civetweb ignores SIGCHLD for the whole process, which would take the exit
  // status of child processes from everybody.
  struct sigaction children {};
  ::sigaction(SIGCHLD, nullptr, &children);
  context_ = mg_start2(&init, nullptr);
  ::sigaction(SIGCHLD, &children, nullptr);
  if (context_ == nullptr) {
    return false;
  }
  mg_server_port served{};
  if (mg_get_server_ports(context_, 1, &served) == 1) {
    port_ = static_cast<std::uint16_t>(served.port);
  }
  address_ = reachable(config.address);
  return true;
}

int HttpEndpoint::Server::on_request(mg_connection* connection) {
  const auto* info = mg_get_request_info(connection);
  const auto& server = *static_cast<const Server*>(
    mg_get_user_data(mg_get_context(connection)));
  const HttpRequest request{
    view(info->request_method), view(info->local_uri), view(info->query_string),
    view(info->remote_addr),
    view(mg_get_header(connection, "X-Millrace-Token"))};
  const auto response = respond(request, server.sources_);
  send(connection, response, request.method != "HEAD");
  return response.status;
}

int HttpEndpoint::Server::on_error(mg_connection* connection, int status,
                                   const char* text) {
  send(connection, error_response(status, view(text)), true);
  return 0;
}

void HttpEndpoint::Server::send(mg_connection* connection,
                                const HttpResponse& response, bool with_body) {
  auto bytes = head_of(response);
  if (with_body) {
    bytes += response.body;
  }
  // Nobody is left to be told of a client that went away.
  mg_write(connection, bytes.data(), bytes.size());
}

logic::Result<std::unique_ptr<HttpEndpoint>>
HttpEndpoint::start(HttpConfig config, HttpSources sources) {
  if (const auto faults = check(config); !faults.empty()) {
    return faults.front();
  }
  auto server = std::make_unique<Server>(std::move(sources));
  if (!server->start(config)) {
    return logic::Error{
      logic::ErrorCode::unavailable,
      "could not serve HTTP on " + config.address + ':'
        + std::to_string(config.port) + ": " + bind_problem(config)
        + "; set http.port (0 takes any free port), http.address, or "
          "http.enabled to false"};
  }
  const auto port = server->port();
  return std::unique_ptr<HttpEndpoint>(
    new HttpEndpoint(std::move(server), std::move(config.address), port));
}

HttpEndpoint::HttpEndpoint(std::unique_ptr<Server> server, std::string address,
                           std::uint16_t port)
  : server_(std::move(server)), address_(std::move(address)), port_(port) {}

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
