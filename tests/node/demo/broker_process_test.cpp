#define CAF_SUITE broker_process

#include "node/demo/broker_process.hpp"

#include "tests/support/eventually.hpp"

#include "caf/test/dsl.hpp"

#include <csignal>
#include <cstdlib>

using namespace std::chrono_literals;
using millrace::logic::ErrorCode;
using millrace::node::demo::BrokerProcess;
namespace tests = millrace::tests;

namespace {

std::unique_ptr<BrokerProcess> start() {
  const char* program = std::getenv("MILLRACE_BINARY");
  CAF_REQUIRE(program != nullptr);
  auto broker = BrokerProcess::start({"input:2"}, program, 64);
  CAF_REQUIRE(broker.has_value());
  return std::move(*broker);
}

} // namespace

CAF_TEST(the broker obeys orders and tells which it does not know) {
  std::signal(SIGPIPE, SIG_IGN);
  const auto broker = start();
  CAF_CHECK(broker->running());
  CAF_CHECK(broker->bootstrap_servers().starts_with("127.0.0.1:"));
  CAF_CHECK(broker->order("down 1").has_value());
  CAF_CHECK(broker->order("up 1").has_value());
  const auto unknown = broker->order("dance");
  CAF_REQUIRE(!unknown);
  CAF_CHECK(unknown.error().code == ErrorCode::invalid_argument);
  CAF_CHECK(unknown.error().text.find("dance") != std::string::npos);
  const auto nobody = broker->order("down 2");
  CAF_REQUIRE(!nobody);
  CAF_CHECK(nobody.error().code == ErrorCode::invalid_argument);
  // Answers and orders are still in step.
  CAF_CHECK(broker->order("up 1").has_value());
}

CAF_TEST(a broker that died is not running and takes no orders) {
  std::signal(SIGPIPE, SIG_IGN);
  const auto broker = start();
  kill(broker->pid(), SIGKILL);
  CAF_CHECK(tests::eventually(5s, [&] { return !broker->running(); }));
  const auto order = broker->order("down 1");
  CAF_REQUIRE(!order);
  CAF_CHECK(order.error().code == ErrorCode::unavailable);
}

CAF_TEST(a program that is no broker is refused) {
  const auto broker = BrokerProcess::start({"input:2"}, "/bin/true");
  CAF_REQUIRE(!broker);
  CAF_CHECK(broker.error().code == ErrorCode::unavailable);
  const auto missing = BrokerProcess::start({"input:2"}, "/no/such/program");
  CAF_REQUIRE(!missing);
  CAF_CHECK(missing.error().code == ErrorCode::io_failed);
}
