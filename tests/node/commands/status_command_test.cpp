#define CAF_SUITE status_command

#include "caf/test/dsl.hpp"
#include "node/commands/commands.hpp"
#include "node/endpoint/http_endpoint.hpp"
#include "node/endpoint/status_page.hpp"
#include "tests/node/commands/shell.hpp"
#include "tests/node/config/config_sample.hpp"
#include "tests/support/eventually.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pty.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace millrace;
using namespace millrace::node;
using namespace std::chrono_literals;
using sample::contains;

namespace {

tests::CommandOutcome run(const std::vector<std::string>& words) {
  return tests::run(commands::add_status, "status", words);
}

std::string canned_status() {
  NodeStatus status;
  status.node = "mill-1";
  status.version = "1.2.3";
  status.consumer.emplace();
  status.dispatcher.emplace();
  status.producer.emplace();
  status.consumer->assigned = true;
  status.consumer->records = 77;
  auto& tree = status.supervisor.emplace().tree;
  tree.name = "node";
  tree.members.resize(1);
  tree.members[0].name = "dispatcher";
  tree.members[0].child = logic::supervision::ChildId{0};
  tree.members[0].incarnation = logic::Incarnation{41};
  return status_json(status);
}

std::unique_ptr<HttpEndpoint> serve(std::function<std::string()> status,
                                    std::int64_t port = 0) {
  HttpConfig config;
  config.port = port;
  HttpSources sources;
  sources.status_json = std::move(status);
  auto endpoint = HttpEndpoint::start(config, std::move(sources));
  CAF_REQUIRE(endpoint.has_value());
  return std::move(*endpoint);
}

std::string nobody_at(const std::string& url) {
  return "nobody answers at " + url
         + "/status: Connection refused; is the node running, with "
           "http.enabled, and are its http.address and http.port those of "
           "--url?\n";
}

/// A port of this machine that is taken, where nobody listens.
class TakenPort {
public:
  TakenPort() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket_, plain, size) != 0
        || ::getsockname(socket_, plain, &size) != 0)
      throw std::runtime_error{"no free port"};
    url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  TakenPort(const TakenPort&) = delete;
  TakenPort& operator=(const TakenPort&) = delete;
  ~TakenPort() {
    if (thread_.joinable())
      thread_.join();
    ::close(socket_);
  }

  /// Takes connections, and says nothing.
  void listen() { ::listen(socket_, 4); }

  /// Says that to the first who comes, and hangs up.
  void answer(std::string text) {
    listen();
    thread_ = std::thread{[this, text = std::move(text)] {
      const int peer = ::accept(socket_, nullptr, nullptr);
      std::array<char, 4096> request{};
      static_cast<void>(::recv(peer, request.data(), request.size(), 0));
      static_cast<void>(::send(peer, text.data(), text.size(), MSG_NOSIGNAL));
      ::close(peer);
    }};
  }

  std::string url;

private:
  int socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::thread thread_;
};

/// `millrace status --watch` as a process of its own, which writes to a
/// terminal of 12 rows of 50 columns or to a pipe; its errors go nowhere.
class Watch {
public:
  enum class To { terminal, pipe };

  Watch(To to, const std::string& url, const char* option) {
    const char* const program = std::getenv("MILLRACE_BINARY");
    CAF_REQUIRE(program != nullptr);
    const std::array<const char*, 9> arguments{
      program,      "status", "--url", url.c_str(), "--watch",
      "--interval", "100ms",  option,  nullptr};
    int pipe[2]{-1, -1};
    if (to == To::terminal) {
      const winsize size{12, 50, 0, 0};
      pid_ = ::forkpty(&output_, nullptr, nullptr, &size);
    } else if (::pipe(pipe) == 0) {
      output_ = pipe[0];
      pid_ = ::fork();
    }
    if (pid_ == 0) {
      if (to == To::pipe)
        ::dup2(pipe[1], STDOUT_FILENO);
      ::dup2(::open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
      ::close(output_);
      ::execv(program, const_cast<char* const*>(arguments.data()));
      ::_exit(127);
    }
    ::close(pipe[1]);
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    close_output();
  }

  /// What it wrote since the last call, up to and with `part`; all of it
  /// where it ends or does not write `part` within 20 s.
  std::string read_until(std::string_view part) {
    const auto limit = std::chrono::steady_clock::now() + 20s;
    while (!contains(text_, part) && std::chrono::steady_clock::now() < limit) {
      pollfd file{output_, POLLIN, 0};
      if (::poll(&file, 1, 100) <= 0)
        continue;
      std::array<char, 4096> more{};
      const auto count = ::read(output_, more.data(), more.size());
      if (count <= 0)
        break;
      text_.append(more.data(), static_cast<std::size_t>(count));
    }
    const auto at = text_.find(part);
    const auto end = at == text_.npos ? text_.size() : at + part.size();
    auto result = text_.substr(0, end);
    text_.erase(0, end);
    return result;
  }

  void close_output() {
    if (output_ >= 0)
      ::close(std::exchange(output_, -1));
  }

  void send(int signal) const { ::kill(pid_, signal); }

  /// Its exit code, -1 where a signal killed it or it does not end in time.
  int wait(std::chrono::milliseconds limit = 20s) {
    int status = 0;
    if (!tests::eventually(
          limit, [&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; }))
      return -1;
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

private:
  pid_t pid_ = -1;
  int output_ = -1;
  std::string text_; ///< read and not yet returned
};

} // namespace

CAF_TEST(it_draws_what_a_node_tells) {
  const auto endpoint = serve(canned_status);
  const auto outcome = run({"--url", endpoint->url(), "--ascii"});
  CAF_CHECK_EQUAL(outcome.err, "");
  CAF_CHECK(outcome.code == ExitCode::success);
  CAF_CHECK(outcome.out.starts_with("millrace 1.2.3 on mill-1: ready\n"));
  CAF_CHECK(contains(outcome.out, "records 77, outputs 0, dead letters 0\n"));
  CAF_CHECK(contains(outcome.out, "\n`- dispatcher  stopped    41 "));
  CAF_CHECK(!contains(outcome.out, "\033"));
}

CAF_TEST(the_locale_decides_about_the_characters) {
  const auto endpoint = serve(canned_status);
  const char* const before = std::getenv("LC_ALL");
  const std::string kept = before == nullptr ? "" : before; // empty is as none
  for (const auto& [locale, branch] : {std::pair{"C.UTF-8", "\n└─ dispatcher"},
                                       {"C", "\n`- dispatcher"},
                                       {"no_SUCH.locale", "\n`- dispatcher"}}) {
    ::setenv("LC_ALL", locale, 1);
    CAF_CHECK(contains(run({"--url", endpoint->url()}).out, branch));
  }
  ::setenv("LC_ALL", kept.c_str(), 1);
}

CAF_TEST(json_is_the_document_itself) {
  const auto endpoint = serve(canned_status);
  const auto outcome = run({"--json", "--url", endpoint->url() + "/status/"});
  CAF_CHECK(outcome.code == ExitCode::success);
  CAF_CHECK_EQUAL(outcome.out, canned_status() + '\n');
}

CAF_TEST(a_long_document_is_read_whole) {
  const auto document = R"({"node":"m","ready":true,"long":")"
                        + std::string(3'000'000, 'e') + "\"}";
  const auto endpoint = serve([&document] { return document; });
  const auto outcome = run({"--json", "--url", endpoint->url()});
  CAF_CHECK(outcome.code == ExitCode::success);
  CAF_CHECK(outcome.out == document + '\n');
}

CAF_TEST(nobody_listening_is_unavailable_and_says_what_to_look_at) {
  const TakenPort port;
  for (const auto* more : {"--ascii", "--watch"}) {
    const auto outcome = run({"--url", port.url, more});
    CAF_CHECK(outcome.code == ExitCode::unavailable);
    CAF_CHECK_EQUAL(outcome.out, "");
    CAF_CHECK_EQUAL(outcome.err, "error: " + nobody_at(port.url));
  }
}

CAF_TEST(a_node_that_says_nothing_is_given_up_after_the_deadline) {
  TakenPort port;
  port.listen();
  const auto start = std::chrono::steady_clock::now();
  const auto outcome = run({"--url", port.url, "--deadline", "300ms"});
  const auto took = std::chrono::steady_clock::now() - start;
  CAF_CHECK(outcome.code == ExitCode::unavailable);
  CAF_CHECK(contains(outcome.err, "says nothing (waited up to 300ms)"));
  CAF_CHECK(took >= 300ms && took < 8s);
}

CAF_TEST(what_is_no_status_is_told_from_no_answer) {
  constexpr auto away = ExitCode::unavailable;
  constexpr auto wrong = ExitCode::failure;
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const std::vector<std::tuple<std::string, ExitCode, std::string>> answers{
    {"", away, "it was reached but says nothing"},
    {ok + "Content-Length: 99\r\n\r\n{", away, "the answer breaks off"},
    {"SSH-2.0-OpenSSH_9.2p1\r\n", wrong, "the answer is not HTTP"},
    {"\r\n\r\n\r\n", wrong, "the answer is not HTTP"},
    {ok + "Content-Length: 7\r\n\r\n<html>\n", wrong, "no JSON: \"<html>"},
    {ok + "Content-Length: 0\r\n\r\n", wrong, "no JSON: \"\""},
    {ok + "\r\n[1,2]", wrong, "no status: \"[1,2]\""},
    {ok + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", wrong,
     "no status: \"{}\""},
    {"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", wrong,
     "HTTP status 302"}};
  for (const auto& [answer, code, text] : answers) {
    TakenPort port;
    port.answer(answer);
    const auto outcome = run({"--url", port.url});
    CAF_CHECK(outcome.code == code);
    CAF_CHECK_EQUAL(outcome.out, "");
    CAF_CHECK(contains(outcome.err, port.url + "/status"));
    CAF_CHECK(contains(outcome.err, text));
  }
}

CAF_TEST(an_error_of_the_endpoint_is_a_failure) {
  const auto endpoint = serve(
    []() -> std::string { throw std::runtime_error{"it is torn"}; });
  for (const auto& [path, text] :
       {std::pair{"", "/status tells no node's status: HTTP status 500"},
        {"", "it is torn"},
        {"/no", "/no/status tells no node's status: HTTP status 404"}}) {
    const auto outcome = run({"--url", endpoint->url() + path});
    CAF_CHECK(outcome.code == ExitCode::failure);
    CAF_CHECK(contains(outcome.err, text));
  }
}

CAF_TEST(a_watch_on_a_terminal_redraws_it_and_gives_the_cursor_back) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const auto endpoint = serve(canned_status);
    Watch watch{Watch::To::terminal, endpoint->url(), "--ascii"};
    const auto first = watch.read_until("\033[J");
    CAF_CHECK(first.starts_with("\033[?25l\033[Hmillrace 1.2.3"));
    CAF_CHECK(contains(first, "`- dispatcher  stopped    41         0       "
                              " -\033[K\r\n\033[J"));
    for (int round = 0; round != 3; ++round)
      CAF_CHECK_EQUAL(watch.read_until("\033[J"),
                      first.substr(first.find("\033[H")));
    watch.send(signal);
    CAF_CHECK_EQUAL(watch.wait(), 0);
    CAF_CHECK(watch.read_until("\033[?25h").ends_with("\033[?25h"));
  }
}

CAF_TEST(a_watch_ends_at_once_even_while_it_asks) {
  std::atomic<bool> hangs = false;
  std::atomic<bool> asked = false;
  const auto endpoint = serve([&] {
    if (hangs) {
      asked = true;
      asked.notify_one();
      hangs.wait(true);
    }
    return canned_status();
  });
  Watch watch{Watch::To::terminal, endpoint->url(), "--ascii"};
  watch.read_until("mill-1");
  hangs = true;
  asked.wait(false);
  watch.send(SIGINT);
  CAF_CHECK_EQUAL(watch.wait(5s), 0);
  hangs = false;
  hangs.notify_all();
  CAF_CHECK(watch.read_until("\033[?25h").ends_with("\033[?25h"));
}

CAF_TEST(a_watch_on_a_pipe_prints_block_after_block_and_outlives_the_node) {
  auto endpoint = serve(canned_status);
  const auto port = endpoint->port();
  const auto url = endpoint->url();
  Watch watch{Watch::To::pipe, url, "--ascii"};
  const auto block = watch.read_until("0        -\n");
  CAF_CHECK(block.starts_with("millrace 1.2.3 on mill-1: ready\n"));
  CAF_CHECK_EQUAL(watch.read_until("0        -\n"), '\n' + block);
  endpoint.reset();
  CAF_CHECK(watch.read_until(nobody_at(url)).ends_with('\n' + nobody_at(url)));
  endpoint = serve(canned_status, port);
  CAF_CHECK(watch.read_until("0        -\n").ends_with('\n' + block));
  watch.send(SIGTERM);
  CAF_CHECK_EQUAL(watch.wait(), 0);
}

CAF_TEST(a_watch_of_json_prints_a_document_a_line) {
  const auto endpoint = serve(canned_status);
  Watch watch{Watch::To::terminal, endpoint->url(), "--json"};
  for (int round = 0; round != 3; ++round)
    CAF_CHECK_EQUAL(watch.read_until("\n"), canned_status() + "\r\n");
  watch.send(SIGINT);
  CAF_CHECK_EQUAL(watch.wait(), 0);
}

CAF_TEST(a_watch_ends_when_nobody_reads_any_more) {
  const auto endpoint = serve(canned_status);
  Watch watch{Watch::To::pipe, endpoint->url(), "--ascii"};
  watch.read_until("mill-1");
  watch.close_output();
  CAF_CHECK_EQUAL(watch.wait(), to_int(ExitCode::failure));
}
