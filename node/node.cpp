#include "node/node.hpp"

#include "adapters/crash_recorder.hpp"
#include "adapters/geoip/geo_database.hpp"
#include "adapters/kafka/kafka_sink.hpp"
#include "adapters/kafka/kafka_source.hpp"
#include "adapters/model_file.hpp"
#include "adapters/sabotage/sabotaged_sink.hpp"
#include "adapters/sabotage/sabotaged_source.hpp"
#include "adapters/system_clock.hpp"
#include "logic/detection/detector.hpp"
#include "millrace_version.hpp"
#include "node/background_tasks.hpp"
#include "node/caf_metrics.hpp"
#include "node/fault_injector.hpp"
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
  SystemConfig(std::uint32_t workers, std::uint32_t spare) {
    // Stealing workers poll while idle; sharing ones sleep.
    set("caf.scheduler.policy", "sharing");
    // An actor that hangs holds its thread for good.
    set("caf.scheduler.max-threads", workers + spare);
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
      system_config_(workers_,
                     static_cast<std::uint32_t>(config_.supervision.max_hung)) {
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
    // A client that cannot even be made shows now, not in a restart.
    if (auto opened = open_first_clients(); !opened)
      return opened;
    if (auto opened = open_crash_journal(); !opened)
      return opened;
    system_.emplace(system_config_);
    if (auto served = serve(); !served)
      return served;
    auto topology = spawn_topology(*system_, topology_parts(std::move(model)));
    {
      const std::lock_guard lock{mutex_};
      topology_ = topology;
      if (config_.fault_injection.enabled)
        injector_ = std::make_shared<FaultInjector>(*system_, topology,
                                                    sabotage_);
    }
    if (auto obeyed = obey_first_orders(); !obeyed)
      return obeyed;
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
    std::shared_ptr<Topology> topology;
    {
      const std::lock_guard lock{mutex_};
      status.failure = failure_;
      topology = topology_;
    }
    if (!topology)
      return status;
    const LoggerReturn logger_return;
    caf::scoped_actor self{*system_};
    ask(self, topology->consumer(), status.consumer, status.failure);
    ask(self, topology->dispatcher(), status.dispatcher, status.failure);
    ask(self, topology->producer(), status.producer, status.failure);
    ask(self, topology->supervisor(), status.supervisor, status.failure);
    return status;
  }

  logic::Result<std::uint32_t> inject(const logic::faults::FaultOrder& order) {
    const LoggerReturn logger_return;
    std::shared_ptr<FaultInjector> injector;
    {
      const std::lock_guard lock{mutex_};
      injector = injector_;
    }
    if (!injector)
      return logic::Error{logic::ErrorCode::unsupported,
                          "faults on purpose are off; set "
                          "fault_injection.enabled"};
    auto obeyed = injector->inject(order);
    if (obeyed)
      log_->warn(component, "a fault on purpose", {{"order", to_string(order)}});
    return obeyed;
  }

  std::vector<messages::Recovery> recoveries() {
    messages::Recoveries answer;
    std::shared_ptr<Topology> topology;
    {
      const std::lock_guard lock{mutex_};
      topology = topology_;
    }
    if (topology && topology->supervisor()) {
      const LoggerReturn logger_return;
      caf::scoped_actor self{*system_};
      self
        ->request(topology->supervisor(), status_wait,
                  messages::ListRecoveries{})
        .receive(
          [&answer](messages::Recoveries& list) { answer = std::move(list); },
          [](const caf::error&) {});
    }
    return std::move(answer.recoveries);
  }

  const NodeTotals& totals() const { return totals_; }

  std::string endpoint_url() const {
    return endpoint_ ? endpoint_->url() : std::string{};
  }

private:
  logic::Result<std::unique_ptr<logic::RecordSource>> open_source() {
    if (first_source_)
      return std::move(first_source_);
    auto source = kafka::open_kafka_source(
      config_.kafka,
      {static_cast<std::size_t>(config_.flow.client_queue_bytes())});
    if (source && sabotage_)
      return adapters::sabotage::sabotage_source(std::move(*source), sabotage_);
    return source;
  }

  logic::Result<std::unique_ptr<logic::RecordSink>> open_sink() {
    if (first_sink_)
      return std::move(first_sink_);
    auto sink = kafka::open_kafka_sink(config_.kafka,
                                       sink_limits(config_.flow));
    if (sink && sabotage_)
      return adapters::sabotage::sabotage_sink(std::move(*sink), sabotage_);
    return sink;
  }

  logic::Result<void> open_first_clients() {
    if (config_.fault_injection.enabled)
      sabotage_ = std::make_shared<adapters::sabotage::Sabotage>();
    auto source = open_source();
    if (!source)
      return source.error();
    auto sink = open_sink();
    if (!sink)
      return sink.error();
    first_source_ = std::move(*source);
    first_sink_ = std::move(*sink);
    return {};
  }

  logic::Result<void> open_crash_journal() {
    if (config_.delivery.crash_journal.empty())
      return {};
    auto recorder = adapters::CrashRecorder::open(
      {config_.delivery.crash_journal, config_.kafka.input_topic,
       config_.kafka.consumer_group});
    if (!recorder)
      return recorder.error();
    recorder_ = std::move(*recorder);
    const auto& found = recorder_->findings();
    for (const auto& note : found.notes)
      log_->warn(component, "crash journal", {{"note", note}});
    if (found.died)
      log_->warn(component, "the process died in its last life",
                 {{"life", found.life}, {"suspect_ranges", found.suspects}});
    return {};
  }

  TopologyParts topology_parts(logic::detection::ModelPtr model) {
    return {.config = config_,
            .node = host_name(),
            .workers = workers_,
            .open_source = [this] { return open_source(); },
            .open_sink = [this] { return open_sink(); },
            .make_lookup = [this] { return geo_->make_lookup(); },
            .model = std::move(model),
            .recorder = recorder_,
            .background = background_tasks(config_, geo_,
                                           {log_, metrics_, clock_}),
            .on_give_up = [this](std::string why) { fail(std::move(why)); },
            .surroundings = {log_, metrics_, clock_}};
  }

  logic::Result<void> obey_first_orders() {
    for (const auto& text : config_.fault_injection.orders) {
      const auto order = logic::faults::parse_fault_order(text);
      if (!order)
        return order.error();
      if (auto obeyed = inject(*order); !obeyed)
        return obeyed.error();
    }
    return {};
  }

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
    sources.inject_fault = [this](std::string_view token, std::string_view text)
      -> logic::Result<std::uint32_t> {
      if (config_.fault_injection.token.empty()
          || token != config_.fault_injection.token)
        return logic::Error{logic::ErrorCode::unauthorized,
                            "the header X-Millrace-Token must hold "
                            "fault_injection.token"};
      auto order = logic::faults::parse_fault_order(text);
      if (!order)
        return order.error();
      return inject(*order);
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

  /// An actor that is just being started anew is left out.
  template <class Handle, class Answer>
  static void ask(caf::scoped_actor& self, const Handle& actor, Answer& answer,
                  std::string& failure) {
    if (!actor)
      return;
    self->request(actor, status_wait, messages::ReportStatus{})
      .receive([&answer](Answer& report) { answer = std::move(report); },
               [&failure](const caf::error& error) {
                 if (failure.empty() && error == caf::sec::request_timeout)
                   failure = "a part of the node does not answer: "
                             + caf::to_string(error);
               });
  }

  /// A dead actor answers with an error, and the rest goes on without it.
  void drain() {
    using namespace std::chrono;
    const auto end = steady_clock::now() + config_.delivery.shutdown_deadline;
    caf::scoped_actor self{*system_};
    const bool drained = insist<messages::IntakeDrained>(
      self, [this] { return topology_->consumer(); }, end,
      [](milliseconds left) { return messages::DrainIntake{left}; },
      [this](const messages::IntakeDrained& answer) {
        totals_.records = answer.records;
        totals_.unfinished = answer.unfinished_records;
      });
    if (!drained)
      fail("the consumer did not finish");
    publish_last_insights(self);
    // What was finished is committed already; this is for the insights.
    const auto last = std::max(end, steady_clock::now() + milliseconds{200});
    const bool closed = insist<messages::OutputClosed>(
      self, [this] { return topology_->producer(); }, last,
      [](milliseconds left) { return messages::CloseOutput{left}; },
      [](const messages::OutputClosed&) {});
    if (!closed)
      fail("the producer did not close");
  }

  /// Orders something of whoever plays a role, again of the next one when an
  /// actor dies over it, until it is answered or the time is over.
  template <class Answer, class Find, class Order, class Take>
  bool insist(caf::scoped_actor& self, const Find& find,
              std::chrono::steady_clock::time_point end, const Order& order,
              const Take& take) {
    using namespace std::chrono;
    constexpr seconds grace{3}; // an answer at the deadline takes its time
    constexpr milliseconds patience{1'000}; // who hangs is replaced meanwhile
    constexpr milliseconds pause{10};
    for (bool answered = false;;) {
      const auto now = steady_clock::now();
      if (now >= end + grace)
        return false;
      const auto left = duration_cast<milliseconds>(std::max(end, now) - now);
      if (const auto actor = find())
        self->request(actor, patience, order(left))
          .receive(
            [&](const Answer& answer) {
              take(answer);
              answered = true;
            },
            [](const caf::error&) {});
      if (answered)
        return true;
      std::this_thread::sleep_for(pause); // for the supervisor to act
    }
  }

  /// Each step is awaited, so that the last counts are with the producer
  /// before it is told to close.
  void publish_last_insights(caf::scoped_actor& self) {
    const auto insights = topology_->insights();
    if (!insights)
      return;
    const auto lost = [this](const caf::error& error) {
      log_->warn(component, "the last insights were not published",
                 {{"error", caf::to_string(error)}});
    };
    for (const auto& enricher : topology_->enrichers())
      self->request(enricher, status_wait, messages::Tick{})
        .receive([] {}, lost);
    self->request(insights, status_wait, messages::PublishNow{})
      .receive([] {}, lost);
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

  void end_actors() {
    endpoint_.reset();
    if (!system_)
      return;
    {
      const std::lock_guard lock{mutex_};
      injector_.reset();
    }
    if (topology_) {
      const LoggerReturn logger_return;
      caf::scoped_actor self{*system_};
      self->send(topology_->supervisor(), messages::StopChildren{});
      self->wait_for(topology_->supervisor());
      topology_->release();
    }
    system_.reset(); // waits for all of them
    topology_.reset();
    if (recorder_)
      recorder_->close_cleanly();
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
  std::shared_ptr<adapters::sabotage::Sabotage> sabotage_; ///< null: no faults
  std::unique_ptr<logic::RecordSource> first_source_;
  std::unique_ptr<logic::RecordSink> first_sink_;
  std::shared_ptr<adapters::CrashRecorder> recorder_; ///< may be null
  std::shared_ptr<Topology> topology_;
  NodeTotals totals_;

  std::mutex mutex_; ///< guards what follows, and `topology_` while starting
  std::shared_ptr<FaultInjector> injector_; ///< null: faults are off
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

logic::Result<std::uint32_t>
Node::inject(const logic::faults::FaultOrder& order) {
  return parts_->inject(order);
}

std::vector<messages::Recovery> Node::recoveries() {
  return parts_->recoveries();
}

std::string Node::endpoint_url() const {
  return parts_->endpoint_url();
}

} // namespace millrace::node
