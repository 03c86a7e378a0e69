#include "adapters/kafka/embedded_broker.hpp"
#include "node/commands/commands.hpp"

#include <CLI/Option.hpp>
#include <CLI/Validators.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace millrace::node::commands {

namespace {

using adapters::kafka::EmbeddedBroker;
using adapters::kafka::EmbeddedBrokerOptions;

struct BrokerOptions {
  std::vector<std::string> topics;
  std::int32_t brokers = 1;
  std::uint64_t retention_mib = 256;
  bool until_stdin_closes = false;
};

constexpr std::size_t max_line_bytes = 4'096;

logic::Error usage(std::string text) {
  return {logic::ErrorCode::invalid_argument, std::move(text)};
}

/// Obeys one line, for example `down 1`.
logic::Result<void> obey(EmbeddedBroker& broker, const std::string& line) {
  std::istringstream words{line};
  std::string order;
  words >> order;
  std::int32_t id = 0;
  if (order == "down" || order == "up") {
    if (!(words >> id))
      return usage(order + " wants the number of a broker");
    return order == "down" ? broker.take_down(id) : broker.bring_up(id);
  }
  if (order == "rtt") {
    std::int64_t delay_ms = 0;
    if (!(words >> id >> delay_ms) || delay_ms < 0)
      return usage("rtt wants the number of a broker and milliseconds");
    return broker.set_round_trip(id, std::chrono::milliseconds{delay_ms});
  }
  if (order == "leader") {
    std::string topic;
    std::int32_t partition = 0;
    if (!(words >> topic >> partition >> id))
      return usage("leader wants a topic, a partition and a broker");
    return broker.set_leader(topic, partition, id);
  }
  if (order == "error") {
    std::string request;
    std::string error;
    std::int32_t count = 1;
    if (!(words >> request >> error))
      return usage("error wants a request, an error and a count");
    words >> count;
    return broker.fail_requests(request, error, count);
  }
  if (order == "topic-error") {
    std::string topic;
    std::string error;
    if (!(words >> topic >> error))
      return usage("topic-error wants a topic and an error");
    return broker.fail_topic(topic, error);
  }
  return usage("unknown order \"" + order
               + "\"; there are down, up, rtt, leader, error, topic-error");
}

/// Splits what arrives on the standard input into lines and answers each.
class OrderReader {
public:
  /// False once the input is closed.
  bool read(EmbeddedBroker& broker) {
    char chunk[1'024];
    const auto count = ::read(STDIN_FILENO, chunk, sizeof chunk);
    if (count <= 0)
      return false;
    pending_.append(chunk, static_cast<std::size_t>(count));
    for (auto end = pending_.find('\n'); end != std::string::npos;
         end = pending_.find('\n')) {
      const auto line = pending_.substr(0, end);
      pending_.erase(0, end + 1);
      if (line.find_first_not_of(" \t\r") == std::string::npos)
        continue;
      if (auto done = obey(broker, line); done)
        std::cout << "ok" << std::endl;
      else
        std::cout << "error: " << done.error().text << std::endl;
    }
    return pending_.size() < max_line_bytes;
  }

private:
  std::string pending_;
};

ExitCode serve(EmbeddedBroker& broker, const BrokerOptions& options,
               int signals) {
  OrderReader orders;
  // The standard input is the second: it may be closed while we go on.
  pollfd watched[] = {{signals, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
  nfds_t count = 2;
  while (true) {
    if (::poll(watched, count, -1) < 0)
      continue; // interrupted
    if (watched[0].revents != 0)
      return ExitCode::success;
    if (count == 2 && watched[1].revents != 0 && !orders.read(broker)) {
      if (options.until_stdin_closes)
        return ExitCode::success;
      count = 1;
    }
  }
}

ExitCode run_broker(const BrokerOptions& options) {
  // Before any thread is started, so that all of them inherit the mask.
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGINT);
  sigaddset(&ending, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ending, nullptr);
  const int signals = ::signalfd(-1, &ending, SFD_CLOEXEC);
  if (signals < 0) {
    std::cerr << "millrace broker: cannot wait for signals" << std::endl;
    return ExitCode::failure;
  }
  EmbeddedBrokerOptions wanted;
  wanted.brokers = options.brokers;
  wanted.retention_bytes = options.retention_mib << 20U;
  for (const auto& text : options.topics) {
    auto topic = adapters::kafka::parse_embedded_topic(text);
    if (!topic) {
      std::cerr << "millrace broker: " << topic.error().text << std::endl;
      return ExitCode::usage;
    }
    wanted.topics.push_back(*std::move(topic));
  }
  auto broker = EmbeddedBroker::start(wanted);
  if (!broker) {
    std::cerr << "millrace broker: " << broker.error().text << std::endl;
    return broker.error().code == logic::ErrorCode::invalid_argument
             ? ExitCode::usage
             : ExitCode::failure;
  }
  std::cout << "bootstrap.servers=" << (*broker)->bootstrap_servers()
            << std::endl;
  const auto outcome = serve(**broker, options, signals);
  ::close(signals);
  return outcome;
}

} // namespace

void add_broker(CLI::App& app, ExitCode& outcome) {
  auto* command = app.add_subcommand(
    "broker",
    "Run the embedded Kafka broker as a process of its own, on loopback "
    "ports of its choosing, for trials and tests. Prints the line "
    "bootstrap.servers=HOST:PORT and ends on SIGTERM or SIGINT. Orders on the "
    "standard input, one a line, inject faults: down 1, up 1, rtt 1 50, "
    "leader TOPIC 0 2, error Produce NOT_LEADER_FOR_PARTITION 3, "
    "topic-error TOPIC TOPIC_AUTHORIZATION_FAILED.");
  auto options = std::make_shared<BrokerOptions>();
  command
    ->add_option("--topics", options->topics,
                 "topics to create, name:partitions,...")
    ->delimiter(',')
    ->type_name("TOPICS");
  command->add_option("--brokers", options->brokers, "how many brokers")
    ->check(CLI::Range(1, 32))
    ->capture_default_str();
  command
    ->add_option("--retention", options->retention_mib,
                 "MiB kept of each partition, the oldest go first")
    ->check(CLI::Range(1, 65'536))
    ->type_name("MIB")
    ->capture_default_str();
  command->add_flag("--until-stdin-closes", options->until_stdin_closes,
                    "also end when the standard input closes, so that the "
                    "death of the parent ends the broker");
  command->callback([options, &outcome] { outcome = run_broker(*options); });
}

} // namespace millrace::node::commands
