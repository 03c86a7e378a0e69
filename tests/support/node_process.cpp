#include "tests/support/node_process.hpp"

#include "adapters/kafka/topic_writer.hpp"
#include "logic/verification/verification_report_text.hpp"
#include "node/verification/delivery_check.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/http_client.hpp"

#include <boost/json/parse.hpp>

#include <csignal>
#include <fstream>
#include <iostream>
#include <stdexcept>

#include <unistd.h>

namespace millrace::tests {

namespace {

using namespace std::chrono_literals;

std::vector<std::string>
run_arguments(const std::string& bootstrap_servers,
              const std::vector<std::string>& settings) {
  std::vector<std::string> arguments{
    millrace_binary(), "run", "--bootstrap-servers", bootstrap_servers, "--set",
    "http.port=0", "--set", "log.format=json", "--set", "log.level=info",
    "--set", "delivery.commit_interval=200ms", "--set", "kafka.fetch_wait=10ms",
    "--set",
    // A killed member is missed soon.
    "kafka.session_timeout=6s"};
  for (const auto& setting : settings) {
    arguments.emplace_back("--set");
    arguments.push_back(setting);
  }
  return arguments;
}

} // namespace

NodeProcess::NodeProcess(const std::string& bootstrap_servers,
                         const std::vector<std::string>& settings,
                         const Environment& environment)
  : program_(run_arguments(bootstrap_servers, settings), environment) {}

void NodeProcess::send_signal(int signal) {
  program_.send_signal(signal);
}

int NodeProcess::wait(std::chrono::milliseconds limit) {
  const int code = program_.wait(limit);
  if (code == -1000)
    std::cerr << log();
  return code;
}

int NodeProcess::stop(std::chrono::milliseconds limit) {
  send_signal(SIGTERM);
  const int code = wait(limit);
  if (code != 0)
    std::cerr << log();
  return code;
}

std::uint16_t NodeProcess::port() {
  if (port_ != 0)
    return port_;
  const auto text = log();
  constexpr std::string_view mark = R"("endpoint":"http://127.0.0.1:)";
  const auto begin = text.find(mark);
  if (begin == std::string::npos)
    return 0;
  const auto digits = begin + mark.size();
  const auto end = text.find('"', digits);
  if (end != std::string::npos) // the whole number was printed
    port_ = static_cast<std::uint16_t>(
      std::stoi(text.substr(digits, end - digits)));
  return port_;
}

boost::json::object NodeProcess::status() {
  if (port() == 0)
    return {};
  boost::system::error_code error;
  auto value = boost::json::parse(http_request(port(), "GET", "/status").body,
                                  error);
  return value.is_object() ? value.as_object() : boost::json::object{};
}

boost::json::object NodeProcess::status_of(std::string_view part) {
  auto page = status();
  const auto found = page.find(part);
  return found != page.end() && found->value().is_object()
           ? found->value().as_object()
           : boost::json::object{};
}

int NodeProcess::http_code(const std::string& path) {
  return port() == 0 ? 0 : http_request(port(), "GET", path).status;
}

std::string NodeProcess::page(const std::string& path) {
  return port() == 0 ? std::string{} : http_request(port(), "GET", path).body;
}

int NodeProcess::order_fault(const std::string& token,
                             const std::string& order) {
  if (port() == 0)
    return 0;
  std::string encoded;
  for (const auto letter : order)
    encoded += letter == ' ' ? std::string{"%20"} : std::string{letter};
  return http_exchange(port(), "PUT /faults?order=" + encoded
                                 + " HTTP/1.1\r\nHost: localhost\r\n"
                                   "Content-Length: 0\r\n"
                                   "X-Millrace-Token: "
                                 + token + "\r\nConnection: close\r\n\r\n")
    .status;
}

bool NodeProcess::alive() {
  return program_.alive();
}

std::uint64_t NodeProcess::finished() {
  const auto producer = status_of("producer");
  if (producer.empty())
    return 0;
  return producer.at("outputs").to_number<std::uint64_t>()
         + producer.at("dead_letters").to_number<std::uint64_t>();
}

std::size_t NodeProcess::held_partitions() {
  const auto consumer = status_of("consumer");
  return consumer.empty() ? 0 : consumer.at("partitions").as_array().size();
}

std::uint64_t NodeProcess::resident_bytes() const {
  std::ifstream file{"/proc/" + std::to_string(program_.id()) + "/statm"};
  std::uint64_t pages = 0;
  file >> pages >> pages;
  return pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

std::string NodeProcess::log() const {
  return program_.output();
}

KafkaFixture::KafkaFixture() {
  adapters::kafka::EmbeddedBrokerOptions options;
  options.topics = {{kafka.input_topic, partitions},
                    {kafka.output_topic, partitions},
                    {kafka.dlq_topic, partitions},
                    {kafka.insights_topic, 1}};
  auto started = adapters::kafka::EmbeddedBroker::start(options);
  if (!started)
    throw std::runtime_error{started.error().text};
  broker = std::move(*started);
  kafka.bootstrap_servers = broker->bootstrap_servers();
}

void TopicFixture::generate(std::uint64_t count, double bad_share,
                            std::uint64_t seed, std::int32_t partition) {
  logic::generation::GeneratorConfig config;
  config.seed = seed;
  config.bad_share = bad_share;
  auto generator = logic::generation::LoginGenerator::create(config);
  auto writer = adapters::kafka::TopicWriter::open(kafka, kafka.input_topic);
  if (!generator || !writer)
    throw std::runtime_error{"cannot generate"};
  logic::generation::GeneratedBatch batch;
  for (std::uint64_t left = count; left != 0;) {
    const auto some = std::min<std::uint64_t>(left, 1000);
    generator->fill(batch, some);
    for (const auto& record : batch.records()) {
      adapters::kafka::TopicRecord out;
      out.partition = logic::PartitionId{
        partition >= 0 ? partition
                       : static_cast<std::int32_t>(record.number % partitions)};
      out.key = batch.key(record);
      out.value = batch.value(record);
      while (!(*writer)->write(out))
        (*writer)->poll(100ms);
    }
    left -= some;
  }
  if (auto flushed = (*writer)->flush(30s); !flushed)
    throw std::runtime_error{flushed.error().text};
  written += count;
}

void TopicFixture::write(const std::vector<std::string>& values) {
  auto writer = adapters::kafka::TopicWriter::open(kafka, kafka.input_topic);
  if (!writer)
    throw std::runtime_error{writer.error().text};
  for (const auto& value : values) {
    adapters::kafka::TopicRecord out;
    out.partition = logic::PartitionId{
      static_cast<std::int32_t>(written++ % partitions)};
    out.key = "k";
    out.value = value;
    while (!(*writer)->write(out))
      (*writer)->poll(100ms);
  }
  if (auto flushed = (*writer)->flush(30s); !flushed)
    throw std::runtime_error{flushed.error().text};
}

logic::verification::VerificationReport
TopicFixture::judge(logic::verification::Guarantee guarantee) {
  node::DeliveryCheckOptions options;
  options.guarantee = guarantee;
  auto check = node::check_delivery(kafka, options);
  if (!check)
    throw std::runtime_error{check.error().text};
  return check->report;
}

bool TopicFixture::all_settled(NodeProcess& node) {
  return eventually(60s, [&] { return node.finished() >= written; });
}

bool TopicFixture::all_ended() {
  return eventually(
    60s,
    [this] {
      const auto report = judge(logic::verification::Guarantee::at_least_once);
      return report.total.input == written && report.total.lost == 0;
    },
    500ms);
}

bool TopicFixture::proven(logic::verification::Guarantee guarantee) {
  const auto report = judge(guarantee);
  if (report.conclusion == logic::verification::Conclusion::passed
      && report.total.input == written)
    return true;
  std::cerr << to_text(report) << "written " << written << '\n';
  return false;
}

bool sanitized() noexcept {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return true;
#else
  return false;
#endif
}

} // namespace millrace::tests
