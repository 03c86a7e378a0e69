#include "node/node.hpp"

#include "adapters/faults/process_faults.hpp"
#include "adapters/geoip/geo_database.hpp"
#include "adapters/geoip/quiet_network_list.hpp"
#include "adapters/system_clock.hpp"
#include "logic/core/wall_clock.hpp"
#include "logic/detection/model.hpp"
#include "messages/supervision.hpp"
#include "millrace_version.hpp"
#include "node/endpoint/readiness.hpp"
#include "node/endpoint/status_page.hpp"
#include "node/faults/fault_injector.hpp"
#include "node/lifecycle/kafka_clients.hpp"
#include "node/lifecycle/node_files.hpp"
#include "node/lifecycle/shutdown.hpp"
#include "node/lifecycle/system_config.hpp"
#include "node/links/link_setup.hpp"
#include "node/links/own_identity.hpp"
#include "node/telemetry/caf_metrics.hpp"
#include "node/telemetry/certificate_metrics.hpp"
#include "node/telemetry/log_metrics.hpp"
#include "node/telemetry/logging.hpp"
#include "node/telemetry/part_reports.hpp"
#include "node/telemetry/process_metrics.hpp"
#include "node/topology/background_tasks.hpp"
#include "node/topology/topology.hpp"

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace millrace::node {

namespace {

namespace geoip = adapters::geoip;
constexpr std::string_view component = "node";

class RunningNode final : public Node {
public:
  RunningNode(NodeConfig config, std::shared_ptr<Logging> log,
              std::function<void()> on_failure)
    : config_(std::move(config)),
      workers_(config_.flow.worker_count(std::thread::hardware_concurrency())),
      log_(std::move(log)), on_failure_(std::move(on_failure)),
      clients_(config_),
      system_config_(workers_,
                     static_cast<std::uint32_t>(config_.supervision.max_hung),
                     config_.link.enabled) {
    metrics_->set_build(version, revision);
  }

  ~RunningNode() override { end_actors(); }

  logic::Result<void> start() {
    const LoggerReturn logger_return;
    auto database = open_geo(config_.geoip);
    if (!database)
      return database.error();
    geo_ = std::move(*database);
    if (config_.geoip.files.empty())
      log_->info(component, "no GeoIP files configured, events carry no place");
    auto quiet = open_quiet_networks(config_.detection.quiet_networks);
    if (!quiet)
      return quiet.error();
    quiet_ = std::move(*quiet);
    metrics_->quiet_networks.Set(
      static_cast<double>(quiet_->current()->size()));
    auto model = open_model(config_.detection);
    if (!model)
      return model.error();
    // A client that cannot even be made shows now, not in a restart.
    if (!config_.node.is_worker())
      if (auto opened = clients_.open_first(); !opened)
        return opened;
    auto recorder = open_crash_journal(config_, *log_);
    if (!recorder)
      return recorder.error();
    recorder_ = std::move(*recorder);
    auto store = open_state_store(config_, *log_);
    if (!store)
      return store.error();
    state_store_ = std::move(*store);
    system_.emplace(system_config_);
    if (auto linked = open_links_if_enabled(); !linked)
      return linked;
    if (auto served = serve(); !served)
      return served;
    auto topology = spawn_topology(*system_,
                                   topology_parameters(std::move(*model)));
    {
      const std::lock_guard lock{mutex_};
      topology_ = topology;
      if (config_.fault_injection.enabled)
        injector_ = std::make_shared<FaultInjector>(*system_, topology,
                                                    clients_.client_faults());
    }
    if (auto obeyed = obey_first_orders(); !obeyed)
      return obeyed;
    tell_start();
    return {};
  }

  ExitCode stop() override {
    const auto outcome = shut_down(*system_, *topology_,
                                   config_.delivery.shutdown_deadline, failed(),
                                   *log_);
    totals_.records = outcome.records;
    totals_.unfinished = outcome.unfinished;
    if (!outcome.failure.empty())
      fail(outcome.failure);
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

  NodeStatus status() override {
    NodeStatus status;
    status.node = config_.node.display_name();
    status.role = config_.node.role;
    status.version = version;
    {
      const std::lock_guard lock{mutex_};
      status.failure = failure_;
    }
    if (const auto parts = topology())
      ask_parts(*system_, *parts, status);
    return status;
  }

  logic::Result<std::uint32_t>
  inject(const logic::faults::FaultOrder& order) override {
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
      log_->warn(component, "a fault on purpose",
                 {{"order", to_string(order)}});
    return obeyed;
  }

  std::vector<messages::Recovery> recoveries() override {
    const auto parts = topology();
    return parts ? recoveries_of(*system_, *parts)
                 : std::vector<messages::Recovery>{};
  }

  NodeTotals totals() const override { return totals_; }

  bool failed() const override {
    const std::lock_guard lock{mutex_};
    return !failure_.empty();
  }

  std::string endpoint_url() const override {
    return endpoint_ ? endpoint_->url() : std::string{};
  }

private:
  std::shared_ptr<Topology> topology() const {
    const std::lock_guard lock{mutex_};
    return topology_;
  }

  void tell_start() {
    const auto endpoint = endpoint_ ? endpoint_->url() : std::string{};
    if (config_.node.is_worker())
      log_->info(component, "started",
                 {{"version", version},
                  {"role", config_.node.role},
                  {"workers", workers_},
                  {"endpoint", endpoint}});
    else
      log_->info(component, "started",
                 {{"version", version},
                  {"role", config_.node.role},
                  {"workers", workers_},
                  {"bootstrap_servers", config_.kafka.bootstrap_servers},
                  {"input_topic", config_.kafka.input_topic},
                  {"endpoint", endpoint}});
  }

  logic::Result<void> open_links_if_enabled() {
    if (!config_.link.enabled)
      return {};
    std::vector<std::string> databases;
    for (const auto& file : geo_->files())
      databases.push_back(file.database_type + ' '
                          + std::to_string(file.build_time_s));
    auto opened = open_links(*system_, config_,
                             identity_of(config_, databases, workers_), log_);
    if (!opened)
      return opened.error();
    links_ = std::move(*opened);
    log_->info(
      component, "the door is open",
      {{"listen", links_->listening}, {"tls", config_.link.has_tls()}});
    return {};
  }

  TopologyParameters topology_parameters(logic::detection::ModelPtr model) {
    return {.config = config_,
            .node = config_.node.display_name(),
            .workers = workers_,
            .open_source = [this] { return clients_.open_source(); },
            .open_sink = [this] { return clients_.open_sink(); },
            .make_lookup = [this] { return geo_->make_lookup(); },
            .quiet_networks = [quiet = quiet_] { return quiet->current(); },
            .model = std::move(model),
            .recorder = recorder_,
            .state_store = state_store_,
            .background = tasks(),
            .links = links_ ? std::optional{links_->setup} : std::nullopt,
            .on_give_up = [this](std::string why) { fail(std::move(why)); },
            .end_node =
              [this](const logic::Error& error) {
                fail(error.text, error.code == logic::ErrorCode::fenced
                                   ? ExitCode::name_taken
                                   : ExitCode::offsets_missing);
              },
            .surroundings = surroundings()};
  }

  std::map<std::string, actors::BackgroundTask> tasks() const {
    auto tasks = background_tasks(config_, geo_, quiet_, surroundings());
    if (links_)
      tasks["link_addresses"] = links_->address_task;
    return tasks;
  }

  actors::Surroundings surroundings() const {
    return {log_, metrics_, clock_,
            config_.fault_injection.enabled
              ? std::make_shared<adapters::faults::ProcessFaults>()
              : nullptr};
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
                            make_caf_metrics(*system_),
                            make_certificate_metrics(config_)};
    sources.status_json = [this] { return status_json(status()); };
    sources.readiness = [this] { return readiness_of(status()); };
    sources.alive = [this] { return !failed(); };
    sources.set_log_level = [this](std::string_view level,
                                   std::string_view logger) {
      return log_->set_level(level, logger);
    };
    sources.inject_fault =
      [this](std::string_view token,
             std::string_view text) -> logic::Result<std::uint32_t> {
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

  void fail(std::string why, ExitCode code = ExitCode::actor_failed) {
    {
      const std::lock_guard lock{mutex_};
      if (!failure_.empty() || ending_)
        return;
      failure_ = why;
      failure_code_ = code;
    }
    log_->fatal(component, "the node cannot go on and ends", {{"reason", why}});
    on_failure_();
  }

  void remember_totals() {
    const auto last = status();
    if (!last.producer)
      return;
    totals_.outputs = last.producer->outputs;
    totals_.dead_letters = last.producer->dead_letters;
    totals_.retries = last.producer->retries;
  }

  ExitCode exit_code() {
    const std::lock_guard lock{mutex_};
    ending_ = true;
    if (!failure_.empty())
      return failure_code_;
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
    } else if (links_) {
      links_->setup.release(); // something else could not be started
    }
    links_.reset();
    system_.reset(); // waits for all of them
    topology_.reset();
    // One that could not go on may have been brought there by a record.
    if (recorder_ && failure_.empty())
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
  KafkaClients clients_;
  SystemConfig system_config_;
  std::optional<caf::actor_system> system_;
  std::shared_ptr<geoip::GeoDatabase> geo_;
  std::shared_ptr<geoip::QuietNetworkList> quiet_;
  std::unique_ptr<HttpEndpoint> endpoint_;
  std::optional<OpenedLinks> links_; ///< none: this node is alone
  std::shared_ptr<adapters::CrashRecorder> recorder_; ///< may be null
  std::shared_ptr<logic::detection::StateStore> state_store_; ///< or null
  std::shared_ptr<Topology> topology_;
  NodeTotals totals_;

  mutable std::mutex
    mutex_; ///< guards what follows, and `topology_` while starting
  std::shared_ptr<FaultInjector> injector_; ///< null: faults are off
  std::string failure_;
  ExitCode failure_code_ = ExitCode::actor_failed;
  bool ending_ = false;
};

} // namespace

logic::Result<std::unique_ptr<Node>>
Node::start(const NodeConfig& config, std::shared_ptr<Logging> log,
            std::function<void()> on_failure) {
  auto node = std::make_unique<RunningNode>(config, std::move(log),
                                            std::move(on_failure));
  if (auto started = node->start(); !started)
    return started.error();
  return std::unique_ptr<Node>{std::move(node)};
}

} // namespace millrace::node
