#pragma once

#include "adapters/kafka/embedded_broker.hpp"
#include "adapters/kafka/kafka_config.hpp"
#include "logic/generation/login_generator.hpp"
#include "logic/verification/delivery_verifier.hpp"
#include "logic/verification/verification_report.hpp"
#include "tests/support/program.hpp"

#include <boost/json/object.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::tests {

/// `millrace run` as a process of its own, killed with this object.
class NodeProcess {
public:
  /// `settings` as for --set; the endpoint gets a free port by itself.
  NodeProcess(const std::string& bootstrap_servers,
              const std::vector<std::string>& settings = {},
              const Environment& environment = {});

  void send_signal(int signal);

  /// The exit code, minus the signal that ended it, or -1000 when it did not
  /// end within the limit.
  int wait(std::chrono::milliseconds limit);

  /// SIGTERM, then `wait`.
  int stop(std::chrono::milliseconds limit = std::chrono::seconds{40});

  /// The document behind /status; empty while there is none.
  boost::json::object status();

  /// What it says there of one part, as "consumer"; empty while that has not
  /// answered.
  boost::json::object status_of(std::string_view part);

  /// Orders a fault; the HTTP status code.
  int order_fault(const std::string& token, const std::string& order);

  bool alive();

  /// HTTP status code of a path, 0 when nobody answers.
  int http_code(const std::string& path);

  /// What a path answers; empty when nobody does.
  std::string page(const std::string& path);

  /// Outputs and dead letters delivered, of this process.
  std::uint64_t finished();

  /// Partitions assigned to this process.
  std::size_t held_partitions();

  /// Resident memory in bytes.
  std::uint64_t resident_bytes() const;

  /// All lines logged so far.
  std::string log() const;

private:
  /// The port that the node says it serves, 0 while it has not.
  std::uint16_t port();

  Program program_;
  std::uint16_t port_ = 0;
};

/// What tests do with the node's topics, on whatever broker.
struct TopicFixture {
  static constexpr std::int32_t partitions = 4;

  adapters::kafka::KafkaConfig kafka;

  /// Writes login events to the input topic, spread over its partitions.
  /// Or all to that one.
  void generate(std::uint64_t count, double bad_share = 0.05,
                std::uint64_t seed = 1, std::int32_t partition = -1);
  void write(const std::vector<std::string>& values);

  /// Reads all three topics and judges them.
  logic::verification::VerificationReport
  judge(logic::verification::Guarantee guarantee);

  /// Waits until that node has delivered as many records as were written.
  bool all_settled(NodeProcess& node);

  /// Waits until every record written has ended somehow.
  bool all_ended();

  /// Whether the judge found nothing wrong; else its report is printed.
  bool proven(logic::verification::Guarantee guarantee);

  std::uint64_t written = 0;
};

/// An embedded broker with the node's topics.
struct KafkaFixture : TopicFixture {
  std::unique_ptr<adapters::kafka::EmbeddedBroker> broker;

  KafkaFixture();
};

/// Whether memory figures mean nothing, as a sanitizer keeps freed memory.
bool sanitized() noexcept;

} // namespace millrace::tests
