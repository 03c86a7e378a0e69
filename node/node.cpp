#include "node/node.hpp"

#include "adapters/geoip/geo_database.hpp"
#include "adapters/kafka/kafka_sink.hpp"
#include "adapters/kafka/kafka_source.hpp"
#include "adapters/model_file.hpp"
#include "adapters/system_clock.hpp"
#include "logic/detection/detector.hpp"
#include "millrace_version.hpp"
#include "node/background_tasks.hpp"
#include "node/caf_metrics.hpp"
#include "node/log_metrics.hpp"
#include "node/logging.hpp"
#include "node/process_metrics.hpp"
#include "node/topology.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/logger.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <unistd.h>

namespace millrace::node {

namespace {

namespace kafka = adapters::kafka;
namespace geoip = adapters::geoip;

constexpr std::string_view component = "node";
constexpr std::chrono::seconds status_wait{1};

/// CAF's own configuration. Its command line and file stay unused: whoever
/// configures the node does it in one place.
class SystemConfig : public caf::actor_system_config {
public:
  explicit SystemConfig(std::uint32_t workers) {
    // Stealing workers poll while idle; sharing ones sleep.
    set("caf.scheduler.policy", "sharing");
    set("caf.scheduler.max-threads", workers);
    // Mailbox sizes per kind of actor, for a cost per batch only.
    set("caf.metrics-filters.actors.includes", std::vector<std::string>{"*"});
  }
};

/// CAF leaves a reference to the system's logger with every thread that
/// touched the system, and the system's end waits for all of them. A thread
/// that lives longer than the system gives its own back.
class LoggerReturn {
public:
  LoggerReturn() = default;
  LoggerReturn(const LoggerReturn&) = delete;
  LoggerReturn& operator=(const LoggerReturn&) = delete;
  ~LoggerReturn() { caf::logger::set_current_actor_system(nullptr); }
};

std::string host_name() {
  std::string name(256, '\0');
  if (gethostname(name.data(), name.size()) != 0)
    return "unknown";
  name.resize(name.find('\0'));
  return name;
}

kafka::KafkaSinkLimits sink_limits(const actors::FlowConfig& flow) {
  kafka::KafkaSinkLimits limits;
  limits.max_queued_bytes = static_cast<std::size_t>(flow.memory_budget.bytes);
  return limits;
}

} // namespace

class Node::Parts {
public:
  Parts(NodeConfig config, std::shared_ptr<Logging> log,
        std::function<void()> on_failure)
    : config_(std::move(config)),
      workers_(config_.flow.worker_count(std::thread::hardware_concurrency())),
      log_(std::move(log)), on_failure_(std::move(on_failure)),
      system_config_(workers_) {
    metrics_->set_build(version, revision);
  }

  ~Parts() { end_actors(); }

  logic::Result<void> start() {
    const LoggerReturn logger_return;
    auto database = geoip::GeoDatabase::open(config_.geoip);
    if (!database)
      return database.error();
    geo_ = std::move(*database);
    if (config_.geoip.files.empty())
      log_->info(component, "no GeoIP files configured, events carry no place");
    logic::detection::ModelPtr model;
    if (!config_.detection.model_file.empty()) {
      auto read = adapters::read_model_file(config_.detection.model_file);
      if (!read)
        return read.error();
      if (!logic::detection::fits_events(**read))
        return logic::Error{
          logic::ErrorCode::invalid_config,
          "the model '" + config_.detection.model_file
            + "' was not trained on login events; train one with "
              "millrace model train --input EVENTS.jsonl"};
      model = std::move(*read);
    }
    auto source = kafka::KafkaSource::open(
      config_.kafka,
      {static_cast<std::size_t>(config_.flow.client_queue_bytes())});
    if (!source)
      return source.error();
    auto sink = kafka::KafkaSink::open(config_.kafka,
                                       sink_limits(config_.flow));
    if (!sink)
      return sink.error();
    system_.emplace(system_config_);
    if (auto served = serve(); !served)
      return served;
    tasks_ = start_background_tasks(*system_, config_, geo_,
                                    {log_, metrics_, clock_});
    TopologyParts parts{config_,
                        host_name(),
                        workers_,
                        std::move(*source),
                        std::move(*sink),
                        [this] { return geo_->make_lookup(); },
                        std::move(model),
                        [this](std::string why) { fail(std::move(why)); },
                        {log_, metrics_, clock_}};
    {
      auto topology = spawn_topology(*system_, std::move(parts));
      const std::lock_guard lock{mutex_};
      topology_ = std::move(topology);
    }
    log_->info(component, "started",
               {{"version", version},
                {"workers", workers_},
                {"bootstrap_servers", config_.kafka.bootstrap_servers},
                {"input_topic", config_.kafka.input_topic},
                {"endpoint", endpoint_ ? endpoint_->url() : std::string{}}});
    return {};
  }

  ExitCode stop() {
    drain();
    remember_totals();
    const auto code = exit_code();
    end_actors();
    log_->info(component, "stopped",
               {{"records", totals_.records},
                {"outputs", totals_.outputs},
                {"dead_letters", totals_.dead_letters},
                {"retries", totals_.retries},
                {"unfinished", totals_.unfinished}});
    log_->flush();
    return code;
  }

  NodeStatus status() {
    NodeStatus status;
    status.node = host_name();
    status.version = version;
    std::optional<Topology> topology;
    {
      const std::lock_guard lock{mutex_};
      status.failure = failure_;
      topology = topology_;
    }
    if (!topology)
      return status;
    const LoggerReturn logger_return;
    caf::scoped_actor self{*system_};
    ask(self, topology->consumer, status.consumer, status.failure);
    ask(self, topology->dispatcher, status.dispatcher, status.failure);
    ask(self, topology->producer, status.producer, status.failure);
    return status;
  }

  const NodeTotals& totals() const { return totals_; }

  std::string endpoint_url() const {
    return endpoint_ ? endpoint_->url() : std::string{};
  }

private:
  logic::Result<void> serve() {
    if (!config_.http.enabled)
      return {};
    HttpSources sources;
    sources.registry = registry_;
    sources.collectables = {make_process_metrics(), make_log_metrics(log_),
                            make_caf_metrics(*system_)};
    sources.status_json = [this] { return status_json(status()); };
    sources.readiness = [this] {
      const auto readiness = readiness_of(status());
      metrics_->ready.Set(readiness.ready ? 1 : 0);
      return readiness;
    };
    sources.alive = [this] {
      const std::lock_guard lock{mutex_};
      return failure_.empty();
    };
    sources.set_log_level = [this](std::string_view level,
                                   std::string_view logger) {
      return log_->set_level(level, logger);
    };
    auto endpoint = HttpEndpoint::start(config_.http, std::move(sources));
    if (!endpoint)
      return endpoint.error();
    endpoint_ = std::move(*endpoint);
    return {};
  }

  void fail(std::string why) {
    {
      const std::lock_guard lock{mutex_};
      if (!failure_.empty() || ending_)
        return;
      failure_ = why;
    }
    log_->fatal(component, "the node cannot go on and ends", {{"reason", why}});
    on_failure_();
  }

  template <class Handle, class Answer>
  static void ask(caf::scoped_actor& self, const Handle& actor, Answer& answer,
                  std::string& failure) {
    self->request(actor, status_wait, messages::ReportStatus{})
      .receive([&answer](Answer& report) { answer = std::move(report); },
               [&failure](const caf::error& error) {
                 if (failure.empty())
                   failure = "a part of the node does not answer: "
                             + caf::to_string(error);
               });
  }

  /// A dead actor answers with an error, and the rest goes on without it.
  void drain() {
    using namespace std::chrono;
    const auto deadline = config_.delivery.shutdown_deadline;
    const auto begin = steady_clock::now();
    caf::scoped_actor self{*system_};
    self
      ->request(topology_->consumer, deadline + seconds{3},
                messages::DrainIntake{deadline})
      .receive(
        [this](const messages::IntakeDrained& answer) {
          totals_.records = answer.records;
          totals_.unfinished = answer.unfinished_records;
        },
        [this](const caf::error& error) {
          log_->error(component, "the consumer did not finish",
                      {{"error", caf::to_string(error)}});
          fail("the consumer did not finish");
        });
    publish_last_insights(self);
    const auto left = deadline
                      - duration_cast<milliseconds>(steady_clock::now()
                                                    - begin);
    close_output(self, std::max(left, milliseconds{200}));
  }

  /// Each step is awaited, so that the last counts are with the producer
  /// before it is told to close.
  void publish_last_insights(caf::scoped_actor& self) {
    if (!topology_->insights)
      return;
    const auto lost = [this](const caf::error& error) {
      log_->warn(component, "the last insights were not published",
                 {{"error", caf::to_string(error)}});
    };
    for (const auto& enricher : topology_->enrichers)
      self->request(enricher, status_wait, messages::Tick{})
        .receive([] {}, lost);
    self->request(topology_->insights, status_wait, messages::PublishNow{})
      .receive([] {}, lost);
  }

  void close_output(caf::scoped_actor& self, std::chrono::milliseconds left) {
    self
      ->request(topology_->producer, left + std::chrono::seconds{2},
                messages::CloseOutput{left})
      .receive([](const messages::OutputClosed&) {},
               [this](const caf::error& error) {
                 log_->error(component, "the producer did not close",
                             {{"error", caf::to_string(error)}});
                 fail("the producer did not close");
               });
  }

  void remember_totals() {
    const auto last = status();
    totals_.outputs = last.producer.outputs;
    totals_.dead_letters = last.producer.dead_letters;
    totals_.retries = last.producer.retries;
  }

  ExitCode exit_code() {
    const std::lock_guard lock{mutex_};
    ending_ = true;
    if (!failure_.empty())
      return ExitCode::actor_failed;
    return totals_.unfinished == 0 ? ExitCode::success
                                   : ExitCode::drain_incomplete;
  }

  /// Actors that know each other keep each other alive, so each is told.
  void end_actors() {
    endpoint_.reset();
    if (!system_)
      return;
    for (const auto& task : tasks_)
      caf::anon_send_exit(task, caf::exit_reason::user_shutdown);
    tasks_.clear();
    if (topology_)
      for (const auto& [name, actor] : topology_->actors)
        caf::anon_send_exit(caf::actor_cast<caf::actor>(actor),
                            caf::exit_reason::user_shutdown);
    topology_.reset();
    system_.reset(); // waits for all of them
  }

  NodeConfig config_;
  std::uint32_t workers_;
  std::shared_ptr<Logging> log_;
  std::function<void()> on_failure_;
  std::shared_ptr<prometheus::Registry> registry_
    = std::make_shared<prometheus::Registry>();
  std::shared_ptr<actors::Metrics> metrics_ = std::make_shared<actors::Metrics>(
    registry_);
  std::shared_ptr<const logic::WallClock> clock_
    = std::make_shared<adapters::SystemClock>();
  SystemConfig system_config_;
  std::optional<caf::actor_system> system_;
  std::shared_ptr<geoip::GeoDatabase> geo_;
  std::unique_ptr<HttpEndpoint> endpoint_;
  std::vector<actors::BackgroundActor> tasks_;
  std::optional<Topology> topology_;
  NodeTotals totals_;

  std::mutex mutex_; ///< guards what follows, and `topology_` while starting
  std::string failure_;
  bool ending_ = false;
};

logic::Result<std::unique_ptr<Node>>
Node::start(const NodeConfig& config, std::shared_ptr<Logging> log,
            std::function<void()> on_failure) {
  auto parts = std::make_unique<Parts>(config, std::move(log),
                                       std::move(on_failure));
  if (auto started = parts->start(); !started)
    return started.error();
  return std::unique_ptr<Node>{new Node(std::move(parts))};
}

Node::Node(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Node::~Node() = default;

ExitCode Node::stop() {
  return parts_->stop();
}

NodeTotals Node::totals() const {
  return parts_->totals();
}

NodeStatus Node::status() {
  return parts_->status();
}

std::string Node::endpoint_url() const {
  return parts_->endpoint_url();
}

} // namespace millrace::node
