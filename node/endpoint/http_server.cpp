#include "node/endpoint/http_server.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace millrace::node {

namespace {

constexpr std::size_t part_bytes = 4'096;
/// Of a request that was refused, or its body, before the connection is cut.
constexpr std::size_t max_discarded_bytes = 1 << 20U;
/// For a client to take in an answer whose bytes were all sent.
constexpr std::chrono::milliseconds goodbye{1'000};
constexpr std::chrono::milliseconds no_files_pause{100};
constexpr std::chrono::milliseconds longest_wait{1'000};

bool would_block() noexcept {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

sockaddr* generic(sockaddr_in& address) noexcept {
  return reinterpret_cast<sockaddr*>(&address);
}

std::string text_of(const sockaddr_in& address) {
  std::array<char, INET_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size());
  return text.data();
}

void close_file(int file) noexcept {
  if (file >= 0)
    ::close(file);
}

} // namespace

HttpServer::HttpServer(HttpServerOptions options, Answer answer, Refuse refuse)
  : options_(std::move(options)), answer_(std::move(answer)),
    refuse_(std::move(refuse)) {}

HttpServer::~HttpServer() {
  {
    const std::lock_guard guard{mutex_};
    no_more_requests_ = true;
  }
  requested_.notify_all();
  for (auto& thread : answering_)
    thread.join();
  {
    const std::lock_guard guard{mutex_};
    ending_ = true;
  }
  wake();
  if (serving_.joinable())
    serving_.join();
  for (auto& [id, connection] : connections_)
    close(connection);
  close_file(listener_);
  close_file(wake_);
}

std::optional<std::string> HttpServer::start() {
  if (!listen())
    return std::generic_category().message(errno);
  try {
    for (std::size_t count = 0; count != options_.threads; ++count)
      answering_.emplace_back([this] { make_answers(); });
    serving_ = std::thread{[this] { serve(); }};
  } catch (const std::system_error& error) {
    return error.what();
  }
  return std::nullopt;
}

bool HttpServer::listen() {
  wake_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (wake_ < 0 || listener_ < 0)
    return false;
  const int reuse = 1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(options_.port);
  ::inet_pton(AF_INET, options_.address.c_str(), &address.sin_addr);
  socklen_t size = sizeof address;
  if (::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse)
        != 0
      || ::bind(listener_, generic(address), size) != 0
      || ::listen(listener_, SOMAXCONN) != 0
      || ::getsockname(listener_, generic(address), &size) != 0)
    return false;
  port_ = ntohs(address.sin_port);
  return true;
}

void HttpServer::wake() const {
  const std::uint64_t one = 1;
  // It fails only when the counter is full, and then it is awake already.
  [[maybe_unused]] const auto written = ::write(wake_, &one, sizeof one);
}

// -- Making answers -----------------------------------------------------------

void HttpServer::make_answers() {
  std::unique_lock lock{mutex_};
  for (;;) {
    requested_.wait(lock,
                    [this] { return no_more_requests_ || !requests_.empty(); });
    if (requests_.empty())
      return;
    const auto request = std::move(requests_.front());
    requests_.pop_front();
    lock.unlock();
    const auto head = parse_request_head(request.bytes);
    auto answer = head ? answer_(*head, request.peer)
                       : refuse_(400, "this is no request of HTTP/1.1");
    lock.lock();
    answers_.emplace_back(request.id, std::move(answer));
    wake();
  }
}

// -- Serving ------------------------------------------------------------------

void HttpServer::serve() {
  std::vector<pollfd> files;
  std::vector<ConnectionId> ids;
  for (bool ending = false; !ending;) {
    files.assign({{wake_, POLLIN, 0}, {listener_, POLLIN, 0}});
    if (Clock::now() < accept_again_at_)
      files.back().fd = -1;
    ids.clear();
    for (const auto& [id, connection] : connections_) {
      if (connection.stage == Stage::answering)
        continue;
      const bool writes = connection.stage == Stage::writing;
      files.push_back(
        {connection.socket, static_cast<short>(writes ? POLLOUT : POLLIN), 0});
      ids.push_back(id);
    }
    ::poll(files.data(), files.size(), poll_wait());
    {
      const std::lock_guard guard{mutex_};
      ending = ending_;
    }
    std::uint64_t wakes = 0;
    [[maybe_unused]] const auto got = ::read(wake_, &wakes, sizeof wakes);
    for (std::size_t index = 0; index != ids.size(); ++index)
      if (files[index + 2].revents != 0)
        go_on(ids[index], connections_.at(ids[index]));
    take_answers();
    close_overdue();
    if (files[1].revents != 0)
      accept_all();
  }
}

int HttpServer::poll_wait() const {
  auto wait = longest_wait;
  const auto now = Clock::now();
  for (const auto& [id, connection] : connections_)
    if (connection.stage != Stage::answering)
      wait = std::min(wait, std::chrono::ceil<std::chrono::milliseconds>(
                              connection.deadline - now));
  if (now < accept_again_at_)
    wait = std::min(wait, no_files_pause);
  return static_cast<int>(std::max<std::int64_t>(wait.count(), 0));
}

void HttpServer::accept_all() {
  while (connections_.size() < options_.max_connections
         || oldest_waiting() != connections_.end()) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    const int socket = ::accept4(listener_, generic(address), &size,
                                 SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (socket < 0) {
      // Out of files: those that send nothing give theirs back.
      if (!would_block() && errno != ECONNABORTED && !make_room())
        accept_again_at_ = Clock::now() + no_files_pause;
      return;
    }
    if (connections_.size() >= options_.max_connections)
      make_room();
    const auto id = ++last_id_;
    auto& connection = connections_[id];
    connection.socket = socket;
    connection.peer = text_of(address);
    connection.deadline = Clock::now() + options_.timeout;
    // Most requests are here already.
    go_on(id, connection);
  }
  // All are being answered: the others wait in the system's queue.
  accept_again_at_ = Clock::now() + no_files_pause;
}

HttpServer::Connections::iterator HttpServer::oldest_waiting() {
  return std::ranges::find_if(connections_, [](const auto& entry) {
    return entry.second.stage != Stage::answering;
  });
}

bool HttpServer::make_room() {
  const auto oldest = oldest_waiting();
  if (oldest == connections_.end())
    return false;
  close(oldest->second);
  connections_.erase(oldest);
  return true;
}

void HttpServer::take_answers() {
  std::vector<std::pair<ConnectionId, std::string>> answers;
  {
    const std::lock_guard guard{mutex_};
    answers.swap(answers_);
  }
  for (auto& [id, bytes] : answers)
    if (const auto found = connections_.find(id); found != connections_.end())
      begin_answer(found->second, std::move(bytes));
}

void HttpServer::close_overdue() {
  const auto now = Clock::now();
  for (auto& [id, connection] : connections_)
    if (connection.stage != Stage::answering && connection.deadline <= now)
      close(connection);
  std::erase_if(connections_,
                [](const auto& entry) { return entry.second.socket < 0; });
}

void HttpServer::close(Connection& connection) {
  close_file(std::exchange(connection.socket, -1));
}

// -- One connection -----------------------------------------------------------

void HttpServer::go_on(ConnectionId id, Connection& connection) {
  switch (connection.stage) {
    case Stage::reading:
      read(id, connection);
      break;
    case Stage::answering:
      break;
    case Stage::writing:
      write(connection);
      break;
    case Stage::closing:
      discard(connection);
      break;
  }
}

void HttpServer::read(ConnectionId id, Connection& connection) {
  std::array<char, part_bytes> part{};
  for (;;) {
    const auto got = ::recv(connection.socket, part.data(), part.size(), 0);
    if (got <= 0) {
      if (got == 0 || !would_block())
        close(connection);
      return;
    }
    connection.bytes.append(part.data(), static_cast<std::size_t>(got));
    const auto end = end_of_head(connection.bytes);
    if (std::min(end, connection.bytes.size()) > options_.max_request_bytes) {
      begin_answer(connection, refuse_(413, "the request is too long"));
      return;
    }
    if (end != std::string_view::npos) {
      connection.bytes.resize(end); // no request here has a body of use
      hand_on(id, connection);
      return;
    }
  }
}

void HttpServer::hand_on(ConnectionId id, Connection& connection) {
  connection.stage = Stage::answering;
  {
    const std::lock_guard guard{mutex_};
    requests_.push_back({id, std::move(connection.bytes), connection.peer});
  }
  requested_.notify_one();
}

void HttpServer::begin_answer(Connection& connection, std::string bytes) {
  connection.stage = Stage::writing;
  connection.bytes = std::move(bytes);
  connection.deadline = Clock::now() + options_.timeout;
  write(connection);
}

void HttpServer::write(Connection& connection) {
  const auto& bytes = connection.bytes;
  while (connection.written != bytes.size()) {
    const auto sent = ::send(connection.socket,
                             bytes.data() + connection.written,
                             bytes.size() - connection.written, MSG_NOSIGNAL);
    if (sent < 0) {
      if (!would_block())
        close(connection);
      return;
    }
    connection.written += static_cast<std::size_t>(sent);
    connection.deadline = Clock::now() + options_.timeout;
  }
  // To close with bytes unread would take the answer back from the client.
  ::shutdown(connection.socket, SHUT_WR);
  connection.stage = Stage::closing;
  connection.deadline = Clock::now() + std::min(options_.timeout, goodbye);
  discard(connection);
}

void HttpServer::discard(Connection& connection) {
  std::array<char, part_bytes> part{};
  for (;;) {
    const auto got = ::recv(connection.socket, part.data(), part.size(), 0);
    if (got < 0 && would_block())
      return;
    connection.discarded += static_cast<std::size_t>(std::max<ssize_t>(got, 0));
    if (got <= 0 || connection.discarded > max_discarded_bytes) {
      close(connection);
      return;
    }
  }
}

} // namespace millrace::node
