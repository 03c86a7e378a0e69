// What the whole job costs: CPU-seconds of a node per 1 M events of the real
// generator, with GeoIP and the isolation forest, beside the raw librdkafka
// pass-through of the same input in the same run, and their ratio. Absolute
// times mean little on a busy machine; the ratio holds.
//
//   whole_node [--events N] [--rounds N] [--bootstrap HOST:PORT]
//              [--geoip FILE] [--latency-rate N [--warm-up SECONDS]]
//              [--fetch-wait MS] [--linger MS]
//
// Without --bootstrap an embedded broker runs as a process of its own; on a
// real one (tools/real-kafka) the topics are created.
// With --latency-rate it measures instead how long events take, from when they
// were meant to be sent to when a consumer of the output gets them, beside the
// same without a node: a broker has pauses of its own. What comes in the first
// seconds is left out: groups join, and a JVM compiles.

#include "adapters/geoip/demo_database.hpp"
#include "adapters/kafka/kafka_source.hpp"
#include "adapters/kafka/topic_admin.hpp"
#include "bench/measurement.hpp"
#include "logic/intake/record_source.hpp"
#include "messages/type_ids.hpp"
#include "node/demo/broker_process.hpp"
#include "node/load/load_run.hpp"
#include "node/node.hpp"
#include "node/telemetry/logging.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Option.hpp>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace millrace;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

struct RunOptions {
  std::uint64_t events = 1'000'000;
  int rounds = 3;
  std::string bootstrap;
  std::string geoip;
  double latency_rate = 0.0;
  double warm_up_s = 5.0;
  std::chrono::milliseconds fetch_wait{10};
  std::chrono::milliseconds linger{5};
};

/// The folder of this program.
std::filesystem::path beside() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

/// Apart from those of earlier runs on the same broker.
std::string own(const char* name) {
  return "bench-" + std::to_string(getpid()) + '-' + name;
}

double children_cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec)
           + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

node::NodeConfig node_config(const RunOptions& options, int round) {
  node::NodeConfig config;
  auto& kafka = config.kafka;
  kafka.bootstrap_servers = options.bootstrap;
  kafka.input_topic = own("in");
  kafka.output_topic = own("out");
  kafka.dlq_topic = own("dlq");
  kafka.insights_topic.clear();
  kafka.consumer_group = own("group-") + std::to_string(round);
  kafka.fetch_wait = options.fetch_wait;
  kafka.linger = options.linger;
  config.geoip.files = {options.geoip};
  config.http.enabled = false;
  config.log.level = "error";
  return config;
}

std::unique_ptr<node::Node> start_node(const node::NodeConfig& config) {
  auto log = node::Logging::start(config.log);
  if (!log)
    bench::fail(log.error().text);
  auto node = node::Node::start(config, *log,
                                [] { bench::fail("the node died"); });
  if (!node)
    bench::fail(node.error().text);
  return std::move(*node);
}

std::uint64_t finished(node::Node& node) {
  const auto status = node.status();
  return status.producer
           ? status.producer->outputs + status.producer->dead_letters
           : 0;
}

/// CPU-seconds of this process from the node's start until it has finished
/// every event.
double whole_job(const RunOptions& options, int round, double& wall_s) {
  const auto config = node_config(options, round);
  const auto before = bench::cpu_seconds();
  const auto begin = Clock::now();
  auto node = start_node(config);
  auto moved = Clock::now();
  std::uint64_t last = 0;
  for (auto now = finished(*node); now < options.events;
       now = finished(*node)) {
    if (now != last)
      moved = Clock::now();
    else if (Clock::now() - moved > 60s)
      bench::fail("nothing moves");
    last = now;
    std::this_thread::sleep_for(50ms);
  }
  wall_s = std::chrono::duration<double>(Clock::now() - begin).count();
  const auto cpu = bench::cpu_seconds() - before;
  node->stop();
  return cpu;
}

/// CPU-seconds of the raw pass-through, a process of its own.
double pass_through(const RunOptions& options) {
  const auto program = beside() / "pass_through";
  const auto before = children_cpu_seconds();
  const auto in = own("in");
  const auto out = own("raw");
  const auto pid = fork();
  if (pid == 0) {
    if (std::freopen("/dev/null", "w", stdout) == nullptr)
      _exit(126);
    const auto count = std::to_string(options.events);
    execl(program.c_str(), "pass_through", "--bootstrap",
          options.bootstrap.c_str(), "--count", count.c_str(), "--in",
          in.c_str(), "--out", out.c_str(), "--mode", "raw", nullptr);
    _exit(127);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  if (status != 0)
    bench::fail("the raw pass-through failed");
  return children_cpu_seconds() - before;
}

/// Sends events of the real generator's shape.
void generate(const RunOptions& options, const std::string& topic,
              double rate) {
  auto config = node_config(options, 0);
  config.kafka.input_topic = topic;
  // As Kafka's own producers have it, whatever the node's is.
  if (rate > 0.0)
    config.kafka.linger = 5ms;
  node::LoadOptions load;
  load.count = options.events;
  load.rate = rate;
  load.quiet = true;
  load.generator.start_time_ms
    = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::system_clock::now().time_since_epoch())
        .count();
  auto generator = logic::generation::LoginGenerator::create(load.generator);
  auto sink = node::open_kafka_sink(config.kafka, load);
  if (!generator || !sink)
    bench::fail(!sink ? sink.error().text : generator.error().text);
  std::ostringstream log;
  const auto wait = [](std::chrono::microseconds time) {
    std::this_thread::sleep_for(time);
    return false;
  };
  if (run_load(*generator, load, **sink, wait, log) != node::ExitCode::success)
    bench::fail(log.str());
}

void measure_cost(const RunOptions& options) {
  generate(options, own("in"), 0.0);
  const auto scale = 1e6 / static_cast<double>(options.events);
  std::vector<double> raws;
  std::vector<double> wholes;
  std::vector<double> ratios;
  std::printf("round   pass-through   whole job   ratio   events a second\n");
  std::fflush(stdout); // before the first fork
  for (int round = 0; round != options.rounds; ++round) {
    double wall_s = 0.0;
    const auto raw = pass_through(options) * scale;
    const auto whole = whole_job(options, round, wall_s) * scale;
    raws.push_back(raw);
    wholes.push_back(whole);
    ratios.push_back(whole / raw);
    std::printf("%5d   %12.3f   %9.3f   %5.2f   %15.0f\n", round + 1, raw,
                whole, whole / raw,
                static_cast<double>(options.events) / wall_s);
    std::fflush(stdout);
  }
  std::printf("median  %12.3f   %9.3f   %5.2f   (CPU-s per 1M events)\n",
              median(raws), median(wholes), median(ratios));
}

/// Reads the output as any consumer would, `count` records of it, and compares
/// the Kafka timestamp, which is when the event was meant to be sent, with the
/// clock. In milliseconds, in the order of arrival.
std::vector<double> read_latencies(const adapters::kafka::KafkaConfig& reading,
                                   const std::atomic<std::uint64_t>& count) {
  auto source = adapters::kafka::open_kafka_source(reading,
                                                   logic::MemoryPlan{});
  if (!source)
    bench::fail(source.error().text);
  std::vector<double> latencies_ms;
  const logic::BatchLimits limits;
  const auto any = [](logic::PartitionId) { return true; };
  while (latencies_ms.size() < count) {
    (*source)->take_events();
    const auto batch = (*source)->take_batch(limits, any);
    if (!batch) {
      std::this_thread::sleep_for(200us);
      continue;
    }
    const auto now_us = std::chrono::duration_cast<std::chrono::microseconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count();
    for (std::size_t index = 0; index != batch->size(); ++index)
      latencies_ms.push_back(
        static_cast<double>(now_us) / 1e3
        - static_cast<double>((*batch)[index].timestamp_ms));
  }
  return latencies_ms;
}

void print_latencies(const char* way, const RunOptions& options,
                     std::vector<double> latencies_ms, double busy) {
  const auto warm_up = static_cast<std::size_t>(options.warm_up_s
                                                * options.latency_rate);
  if (warm_up >= latencies_ms.size())
    bench::fail("nothing is left after the warm-up; raise --events");
  latencies_ms.erase(latencies_ms.begin(),
                     latencies_ms.begin()
                       + static_cast<std::ptrdiff_t>(warm_up));
  std::ranges::sort(latencies_ms);
  const auto at = [&](double share) {
    return latencies_ms[static_cast<std::size_t>(
      share * static_cast<double>(latencies_ms.size() - 1))];
  };
  std::printf("%-13s %6.1f %6.1f %6.1f %6.1f %10zu %10.0f %%\n", way, at(0.5),
              at(0.9), at(0.99), at(1.0), latencies_ms.size(), 100 * busy);
  std::fflush(stdout);
}

/// Sends at a steady rate and reads what comes out: of the node or, without
/// one, of the topic that was written. The machine and its broker have their
/// share in the latter.
void measure_latency(const RunOptions& options, bool with_node) {
  auto config = node_config(options, 0);
  auto reading = config.kafka;
  reading.input_topic = with_node ? config.kafka.output_topic : own("raw");
  reading.consumer_group += with_node ? "-reader" : "-raw-reader";
  reading.fetch_wait = 1ms;
  std::unique_ptr<node::Node> node;
  if (with_node)
    node = start_node(config);
  std::atomic<std::uint64_t> outputs = options.events; // or less
  std::vector<double> latencies_ms;
  std::thread reader{[&] { latencies_ms = read_latencies(reading, outputs); }};
  const auto before = bench::cpu_seconds();
  const auto begin = Clock::now();
  generate(options, with_node ? config.kafka.input_topic : own("raw"),
           options.latency_rate);
  if (node) {
    while (finished(*node) < options.events)
      std::this_thread::sleep_for(100ms);
    outputs = node->status().producer.value().outputs;
  }
  const auto busy
    = (bench::cpu_seconds() - before)
      / std::chrono::duration<double>(Clock::now() - begin).count();
  reader.join();
  if (node)
    node->stop();
  print_latencies(with_node ? "node" : "broker alone", options,
                  std::move(latencies_ms), busy);
}

void measure_latencies(const RunOptions& options) {
  std::printf("%.0f events a second, milliseconds\n"
              "                 p50    p90    p99  worst    records   of a "
              "core\n",
              options.latency_rate);
  measure_latency(options, false);
  measure_latency(options, true);
}

const std::vector<std::string> topics{own("in"), own("raw"), own("out"),
                                      own("dlq")};
constexpr int partitions = 4;

std::unique_ptr<node::demo::BrokerProcess> start_broker() {
  std::vector<std::string> specs;
  specs.reserve(topics.size());
  for (const auto& topic : topics)
    specs.push_back(topic + ":" + std::to_string(partitions));
  auto broker = node::demo::BrokerProcess::start(
    specs, (beside() / "../millrace").string());
  if (!broker)
    bench::fail(broker.error().text);
  return std::move(*broker);
}

void create_topics(const RunOptions& options) {
  auto admin = adapters::kafka::TopicAdmin::open(node_config(options, 0).kafka);
  if (!admin)
    bench::fail(admin.error().text);
  std::vector<adapters::kafka::TopicSpec> specs;
  specs.reserve(topics.size());
  for (const auto& topic : topics)
    specs.push_back({topic, partitions, 1});
  if (auto created = (*admin)->create(specs, 30s); !created)
    bench::fail(created.error().text);
}

} // namespace

int main(int argc, char** argv) {
  messages::init_meta_objects();
  RunOptions options;
  CLI::App app{"What the whole job costs"};
  app.add_option("--events", options.events);
  app.add_option("--rounds", options.rounds);
  app.add_option("--bootstrap", options.bootstrap);
  app.add_option("--geoip", options.geoip, "a city database of yours");
  app.add_option("--latency-rate", options.latency_rate, "events a second");
  app.add_option("--warm-up", options.warm_up_s, "seconds left out");
  std::int64_t fetch_wait_ms = options.fetch_wait.count();
  std::int64_t linger_ms = options.linger.count();
  app.add_option("--fetch-wait", fetch_wait_ms, "milliseconds");
  app.add_option("--linger", linger_ms, "milliseconds, of the output");
  CLI11_PARSE(app, argc, argv);
  options.fetch_wait = std::chrono::milliseconds{fetch_wait_ms};
  options.linger = std::chrono::milliseconds{linger_ms};
  std::unique_ptr<node::demo::BrokerProcess> broker;
  if (options.bootstrap.empty()) {
    broker = start_broker();
    options.bootstrap = broker->bootstrap_servers();
  } else {
    create_topics(options);
  }
  const auto database = std::filesystem::temp_directory_path()
                        / ("millrace-bench-" + std::to_string(getpid()));
  if (options.geoip.empty()) {
    if (auto written = adapters::geoip::write_demo_database(database.string());
        !written)
      bench::fail(written.error().text);
    options.geoip = database.string();
  }
  if (options.latency_rate > 0.0)
    measure_latencies(options);
  else
    measure_cost(options);
  std::filesystem::remove(database);
}
