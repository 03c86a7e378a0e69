#pragma once

#include "node/endpoint/http_request_head.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <poll.h>

namespace millrace::node {

struct HttpServerOptions {
  std::string address;
  std::uint16_t port = 0;
  std::size_t threads = 2;
  std::size_t max_connections = 256;
  std::size_t max_request_bytes = 16 * 1024;
  std::chrono::milliseconds timeout{5'000};
};

/// Serves one request of HTTP/1.1 per connection. One thread reads all
/// requests and writes all answers, so that a client that is slow to send or to
/// take in costs a file descriptor and no thread; others make the answers.
class HttpServer {
public:
  /// Makes the bytes of an answer. Any of the threads, at the same time.
  using Answer = std::function<std::string(const HttpRequestHead& head,
                                           std::string_view peer)>;
  /// The same for what is no request: a status of 400 and above, and why.
  using Refuse = std::function<std::string(int status, std::string_view text)>;

  HttpServer(HttpServerOptions options, Answer answer, Refuse refuse);
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  /// Answers what was read completely.
  ~HttpServer();

  /// Once. Nothing where it serves now, else the system's words for why not.
  std::optional<std::string> start();

  std::uint16_t port() const noexcept { return port_; }

private:
  using Clock = std::chrono::steady_clock;
  using ConnectionId = std::uint64_t; ///< rising, so that the oldest is first

  enum class Stage : std::uint8_t { reading, answering, writing, closing };

  struct Connection {
    int socket = -1;
    std::string peer;
    Stage stage = Stage::reading;
    std::string bytes; ///< of the request, then of the answer
    std::size_t written = 0;
    std::size_t discarded = 0;
    Clock::time_point deadline;
  };
  using Connections = std::map<ConnectionId, Connection>;

  struct Request {
    ConnectionId id = 0;
    std::string bytes;
    std::string peer;
  };

  bool listen();
  void serve();
  void make_answers();
  int poll_wait() const;
  void accept_all();
  Connections::iterator oldest_waiting(); ///< that waits for its client
  bool make_room(); ///< by giving that one up
  void take_answers();
  void go_on(ConnectionId id, Connection& connection);
  void read(ConnectionId id, Connection& connection);
  void hand_on(ConnectionId id, Connection& connection);
  void begin_answer(Connection& connection, std::string bytes);
  void write(Connection& connection);
  void discard(Connection& connection);
  void close(Connection& connection);
  void close_overdue();
  void wake() const;

  HttpServerOptions options_;
  Answer answer_;
  Refuse refuse_;
  std::uint16_t port_ = 0;
  int listener_ = -1;
  int wake_ = -1;
  Clock::time_point accept_again_at_{}; ///< when the system had no more files
  Connections connections_; ///< of the serving thread
  ConnectionId last_id_ = 0;

  std::mutex mutex_; ///< of what follows
  std::condition_variable requested_;
  std::deque<Request> requests_;
  std::vector<std::pair<ConnectionId, std::string>> answers_;
  bool no_more_requests_ = false;
  bool ending_ = false;

  std::vector<std::thread> answering_;
  std::thread serving_;
};

} // namespace millrace::node
