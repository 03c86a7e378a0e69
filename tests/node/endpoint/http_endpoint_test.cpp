#define CAF_SUITE http_endpoint

#include "node/endpoint/http_endpoint.hpp"

#include "node/endpoint/http_routes.hpp"
#include "tests/support/http_client.hpp"

#include "caf/test/dsl.hpp"

#include <prometheus/counter.h>
#include <prometheus/registry.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <deque>
#include <stdexcept>
#include <thread>

namespace logic = millrace::logic;
namespace node = millrace::node;
namespace tests = millrace::tests;
using node::HttpConfig;
using node::HttpEndpoint;
using node::HttpSources;
using node::Readiness;
using tests::http_exchange;
using tests::http_request;

namespace {

struct fixture {
  std::shared_ptr<prometheus::Registry> registry
    = std::make_shared<prometheus::Registry>();
  std::atomic<bool> is_ready = false;
  std::atomic<bool> is_alive = true;
  std::string level;
  std::string logger;

  fixture() {
    prometheus::BuildCounter()
      .Name("test_events_total")
      .Help("Events.")
      .Register(*registry)
      .Add({{"kind", "quo\"te"}})
      .Increment(3);
  }

  HttpSources sources() {
    HttpSources all;
    all.registry = registry;
    all.status_json = [] { return std::string{R"({"state":"running"})"}; };
    all.readiness = [this] {
      return is_ready
               ? Readiness{true, {}, {}}
               : Readiness{false, "no \"partition\" assigned", "unassigned"};
    };
    all.alive = [this] { return is_alive.load(); };
    all.set_log_level = [this](std::string_view value,
                               std::string_view name) -> logic::Result<void> {
      if (value == "loud") {
        return logic::Error{logic::ErrorCode::invalid_argument, "no level"};
      }
      level = value;
      logger = name;
      return {};
    };
    return all;
  }

  std::unique_ptr<HttpEndpoint> start(HttpConfig config = {}) {
    config.port = 0;
    auto started = HttpEndpoint::start(config, sources());
    CAF_REQUIRE(started.has_value());
    return std::move(*started);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(http_endpoint_tests, fixture)

CAF_TEST(metrics_are_served_as_prometheus_text) {
  const auto endpoint = start();
  CAF_CHECK_NOT_EQUAL(endpoint->port(), 0);
  const auto reply = http_request(endpoint->port(), "GET", "/metrics");
  CAF_CHECK_EQUAL(reply.status, 200);
  CAF_CHECK(reply.head.find("text/plain; version=0.0.4") != std::string::npos);
  CAF_CHECK(reply.body.find("test_events_total{kind=\"quo\\\"te\"} 3")
            != std::string::npos);
  CAF_CHECK(reply.body.find("\nmillrace_ready 0\n") != std::string::npos);
  CAF_CHECK(reply.body.find("millrace_unready{cause=\"unassigned\"} 1\n")
            != std::string::npos);
  CAF_CHECK(reply.body.find("millrace_unready{cause=\"stalled\"} 0\n")
            != std::string::npos);
  is_ready = true;
  CAF_CHECK(http_request(endpoint->port(), "GET", "/metrics")
              .body.find("\nmillrace_ready 1\n")
            != std::string::npos);
}

CAF_TEST(readiness_comes_with_its_reason) {
  const auto endpoint = start();
  auto reply = http_request(endpoint->port(), "GET", "/health/ready");
  CAF_CHECK_EQUAL(reply.status, 503);
  CAF_CHECK_EQUAL(
    reply.body,
    "{\"ready\":false,\"reason\":\"no \\\"partition\\\" assigned\"}\n");
  is_ready = true;
  reply = http_request(endpoint->port(), "GET", "/health/ready");
  CAF_CHECK_EQUAL(reply.status, 200);
  CAF_CHECK_EQUAL(reply.body, "{\"ready\":true}\n");
}

CAF_TEST(liveness_and_status_are_told) {
  const auto endpoint = start();
  const auto port = endpoint->port();
  CAF_CHECK_EQUAL(http_request(port, "GET", "/health/live").status, 200);
  is_alive = false;
  CAF_CHECK_EQUAL(http_request(port, "GET", "/health/live").status, 503);
  CAF_CHECK_EQUAL(http_request(port, "GET", "/status").body,
                  "{\"state\":\"running\"}\n");
  const auto index = http_request(port, "GET", "/");
  CAF_CHECK_EQUAL(index.status, 200);
  CAF_CHECK(index.body.find("href=\"/metrics\"") != std::string::npos);
}

CAF_TEST(unknown_pages_and_methods_are_refused_in_json) {
  const auto endpoint = start();
  const auto port = endpoint->port();
  for (const auto* path :
       {"/nothing", "/metrics/", "/../../etc/passwd", "/%2e%2e/etc/passwd",
        "//etc/passwd", "/index.html", "/health"}) {
    const auto reply = http_request(port, "GET", path);
    CAF_CHECK_EQUAL(reply.status, 404);
    CAF_CHECK(reply.body.find("\"status\":404") != std::string::npos);
  }
  for (const auto* method : {"POST", "DELETE", "PUT", "OPTIONS", "PATCH"}) {
    const auto reply = http_request(port, method, "/metrics");
    CAF_CHECK_EQUAL(reply.status, 405);
    CAF_CHECK(reply.head.find("Allow: GET, HEAD") != std::string::npos);
  }
  CAF_CHECK_EQUAL(http_request(port, "GET", "/log/level?value=debug").status,
                  405);
}

CAF_TEST(head_has_the_length_and_no_body) {
  const auto endpoint = start();
  const auto reply = http_request(endpoint->port(), "HEAD", "/health/live");
  CAF_CHECK_EQUAL(reply.status, 200);
  CAF_CHECK(reply.head.find("Content-Length: 15") != std::string::npos);
  CAF_CHECK(reply.body.empty());
}

CAF_TEST(the_log_level_is_set_from_this_machine_only) {
  const auto endpoint = start();
  const auto port = endpoint->port();
  const auto reply = http_request(port, "PUT",
                                  "/log/level?value=debug&logger=geo%5Fip");
  CAF_CHECK_EQUAL(reply.status, 200);
  CAF_CHECK_EQUAL(reply.body, "{\"level\":\"debug\",\"logger\":\"geo_ip\"}\n");
  CAF_CHECK_EQUAL(level, "debug");
  CAF_CHECK_EQUAL(logger, "geo_ip");
  const auto refused = http_request(port, "PUT", "/log/level?value=loud");
  CAF_CHECK_EQUAL(refused.status, 400);
  CAF_CHECK(refused.body.find("no level") != std::string::npos);
  node::HttpRequest request{"PUT", "/log/level", "value=warn", "10.1.2.3"};
  CAF_CHECK_EQUAL(node::respond(request, sources()).status, 403);
  CAF_CHECK_EQUAL(level, "debug");
  request.peer = "127.0.0.1";
  CAF_CHECK_EQUAL(node::respond(request, sources()).status, 200);
  CAF_CHECK_EQUAL(level, "warn");
}

CAF_TEST(query_parameters_are_decoded) {
  using node::query_parameter;
  CAF_CHECK_EQUAL(query_parameter("a=1&b=2", "b"), "2");
  CAF_CHECK_EQUAL(query_parameter("ab=1&b=%41+c", "b"), "A c");
  CAF_CHECK_EQUAL(query_parameter("b=%4", "b"), "%4");
  CAF_CHECK_EQUAL(query_parameter("b=%", "b"), "%");
  CAF_CHECK_EQUAL(query_parameter("b=%zz", "b"), "%zz");
  CAF_CHECK_EQUAL(query_parameter("b", "b"), "");
  CAF_CHECK_EQUAL(query_parameter("&&=&b=x", "b"), "x");
  CAF_CHECK_EQUAL(query_parameter("", "b"), "");
}

CAF_TEST(a_source_that_throws_or_is_missing_is_answered) {
  HttpSources broken;
  broken.status_json = []() -> std::string {
    throw std::runtime_error{"no status"};
  };
  CAF_CHECK_EQUAL(node::respond({"GET", "/status", "", "::1"}, broken).status,
                  500);
  const HttpSources empty;
  CAF_CHECK_EQUAL(
    node::respond({"GET", "/health/ready", "", "::1"}, empty).status, 404);
  CAF_CHECK_EQUAL(node::respond({"GET", "/metrics", "", "::1"}, empty).status,
                  200);
}

CAF_TEST(a_port_in_use_is_a_clear_error) {
  const auto endpoint = start();
  HttpConfig config;
  config.port = endpoint->port();
  const auto second = HttpEndpoint::start(config, sources());
  CAF_REQUIRE(!second.has_value());
  CAF_CHECK(second.error().code == logic::ErrorCode::unavailable);
  const auto& text = second.error().text;
  CAF_CHECK(text.find("127.0.0.1:" + std::to_string(config.port))
            != std::string::npos);
  CAF_CHECK(text.find("Address already in use") != std::string::npos);
  CAF_CHECK(text.find("http.port") != std::string::npos);
  CAF_CHECK_EQUAL(http_request(endpoint->port(), "GET", "/health/live").status,
                  200);
}

CAF_TEST(an_address_of_another_machine_is_a_clear_error) {
  HttpConfig config;
  config.port = 0;
  config.address = "192.0.2.1";
  const auto foreign = HttpEndpoint::start(config, sources());
  CAF_REQUIRE(!foreign.has_value());
  CAF_CHECK(foreign.error().text.find("192.0.2.1") != std::string::npos);
  CAF_CHECK(foreign.error().text.find("assign") != std::string::npos);
  for (const auto* wrong : {"::1", "localhost", "1.2.3", "127.0.0.1,[::]"}) {
    config.address = wrong;
    CAF_CHECK_EQUAL(check(config).size(), 1u);
    CAF_CHECK(!HttpEndpoint::start(config, sources()).has_value());
  }
  config.address = "0.0.0.0";
  CAF_CHECK(check(config).empty());
}

CAF_TEST(malformed_requests_do_no_harm) {
  HttpConfig config;
  config.request_timeout = std::chrono::milliseconds{200};
  const auto endpoint = start(config);
  const auto port = endpoint->port();
  const std::string nul("GET /\0 HTTP/1.1\r\n\r\n", 19);
  const std::array<std::string, 9> requests{
    "\r\n\r\n",
    "GET\r\n\r\n",
    "GET / HTTP/9.9\r\n\r\n",
    "\x16\x03\x01\x02\x00\x01\xfc\x03\x03 not plain text",
    nul,
    "GET /" + std::string(100'000, 'a') + " HTTP/1.1\r\n\r\n",
    "GET / HTTP/1.1\r\nX: " + std::string(100'000, 'b') + "\r\n\r\n",
    "PUT /log/level?value=%00%ff%zz HTTP/1.1\r\nHost: a\r\n"
    "Content-Length: 999999999999\r\n\r\nabc",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n"};
  for (const auto& request : requests) {
    const auto reply = http_exchange(port, request);
    // A PUT of a strange level is our callback's to judge.
    CAF_CHECK(reply.status == 0 || reply.status >= 400
              || request.starts_with("PUT"));
  }
  const auto reply = http_request(port, "GET", "/health/live");
  CAF_CHECK_EQUAL(reply.status, 200);
}

CAF_TEST(a_request_longer_than_the_limit_is_refused) {
  HttpConfig config;
  config.max_request_size = {4096};
  const auto endpoint = start(config);
  const auto header = [](std::size_t size) {
    return "GET /health/live HTTP/1.1\r\nHost: a\r\nX: "
           + std::string(size, 'x') + "\r\n\r\n";
  };
  CAF_CHECK_EQUAL(http_exchange(endpoint->port(), header(2000)).status, 200);
  CAF_CHECK_NOT_EQUAL(http_exchange(endpoint->port(), header(5000)).status,
                      200);
}

CAF_TEST(silent_clients_do_not_keep_the_others_out) {
  HttpConfig config;
  config.threads = 1;
  config.request_timeout = std::chrono::milliseconds{200};
  const auto endpoint = start(config);
  tests::LocalConnection silent{endpoint->port()};
  tests::LocalConnection half{endpoint->port()};
  CAF_REQUIRE(silent.connected() && half.connected());
  half.send("GET /metrics HT");
  const auto reply = http_request(endpoint->port(), "GET", "/health/live");
  CAF_CHECK_EQUAL(reply.status, 200);
}

CAF_TEST(idle_and_dripping_clients_hold_no_thread) {
  const auto endpoint = start();
  std::deque<tests::LocalConnection> idle;
  for (int count = 0; count != 300; ++count) {
    idle.emplace_back(endpoint->port());
    CAF_REQUIRE(idle.back().connected());
  }
  std::deque<tests::LocalConnection> dripping;
  for (int count = 0; count != 20; ++count)
    dripping.emplace_back(endpoint->port()).send("G");
  // More than may be open, and each may take five seconds.
  const auto begun = std::chrono::steady_clock::now();
  for (int count = 0; count != 20; ++count)
    CAF_CHECK_EQUAL(
      http_request(endpoint->port(), "GET", "/health/live").status, 200);
  CAF_CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds{4});
}

CAF_TEST(who_does_not_take_in_an_answer_holds_no_thread) {
  auto all = sources();
  all.status_json = [] { return std::string(std::size_t{16} << 20U, 'x'); };
  HttpConfig config;
  config.port = 0;
  const auto endpoint = HttpEndpoint::start(config, all);
  CAF_REQUIRE(endpoint.has_value());
  const auto port = (*endpoint)->port();
  std::deque<tests::LocalConnection> slow;
  for (int count = 0; count != 5; ++count)
    slow.emplace_back(port).send("GET /status HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto begun = std::chrono::steady_clock::now();
  CAF_CHECK_EQUAL(http_request(port, "GET", "/health/live").status, 200);
  CAF_CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds{4});
  CAF_CHECK(slow.front().read_all().size() > std::size_t{16} << 20U);
}

CAF_TEST(a_request_may_come_in_parts) {
  const auto endpoint = start();
  tests::LocalConnection client{endpoint->port()};
  for (const auto* part :
       {"GE", "T /health/li", "ve HTTP/1.1\r\nHo", "st: a\r\n", "\r", "\n"})
    client.send(part);
  CAF_CHECK(client.read_all().starts_with("HTTP/1.1 200 "));
}

CAF_TEST(many_clients_at_the_same_time_are_all_answered) {
  const auto endpoint = start();
  std::atomic<int> answered = 0;
  std::vector<std::thread> clients;
  for (int client = 0; client < 8; ++client) {
    clients.emplace_back([&] {
      for (int i = 0; i < 10; ++i) {
        answered += http_request(endpoint->port(), "GET", "/metrics").status
                    == 200;
      }
    });
  }
  for (auto& client : clients) {
    client.join();
  }
  CAF_CHECK_EQUAL(answered.load(), 80);
}

CAF_TEST(after_stop_the_port_is_free_again) {
  auto endpoint = start();
  HttpConfig config;
  config.port = endpoint->port();
  CAF_CHECK_EQUAL(endpoint->url(),
                  "http://127.0.0.1:" + std::to_string(config.port));
  endpoint->stop();
  endpoint->stop();
  CAF_CHECK_EQUAL(http_request(endpoint->port(), "GET", "/health/live").status,
                  0);
  auto again = HttpEndpoint::start(config, sources());
  CAF_REQUIRE(again.has_value());
  CAF_CHECK_EQUAL((*again)->port(), endpoint->port());
  CAF_CHECK_EQUAL(http_request(endpoint->port(), "GET", "/health/live").status,
                  200);
}

CAF_TEST(the_exit_status_of_children_is_left_to_others) {
  const auto endpoint = start();
  struct sigaction children {};
  CAF_REQUIRE_EQUAL(::sigaction(SIGCHLD, nullptr, &children), 0);
  CAF_CHECK(children.sa_handler == SIG_DFL);
}

CAF_TEST_FIXTURE_SCOPE_END()
