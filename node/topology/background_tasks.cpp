#include "node/topology/background_tasks.hpp"

#include "actors/supervision/background_task.hpp"
#include "adapters/kafka/topic_admin.hpp"
#include "logic/core/log_limiter.hpp"
#include "logic/delivery/circuit_breaker.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace millrace::node {

namespace {

namespace kafka = adapters::kafka;

constexpr std::string_view component = "node";
constexpr std::chrono::seconds topic_wait{10};
constexpr std::chrono::seconds topic_retry{2};
/// How often files of quiet networks are looked after; a glance costs some
/// microseconds.
constexpr std::chrono::seconds quiet_interval{2};

/// How often it is looked whether other nodes read the input, too.
constexpr std::chrono::seconds company_interval{10};

/// Notices that other nodes of the group read a part of the input while nothing
/// links them: each then sees only a part of a user's logins.
class BlindSpot {
public:
  BlindSpot(const kafka::KafkaConfig& config,
            const actors::Surroundings& around)
    : config_(config), around_(around) {}

  void look() {
    if (!admin_)
      if (auto opened = kafka::TopicAdmin::open(config_))
        admin_ = *std::move(opened);
    if (!admin_)
      return;
    const auto topic = admin_->topic(config_.input_topic, topic_wait);
    const auto held = around_.metrics->assigned_partitions.Value();
    if (!topic || held == 0.0)
      return;
    const bool blind = held < static_cast<double>(topic->partitions);
    around_.metrics->detection_blind.Set(blind ? 1.0 : 0.0);
    if (std::exchange(blind_, blind) || !blind)
      return;
    around_.log->warn(
      component,
      "other nodes of the group read a part of the input, and detection is "
      "blind to the logins there; link the nodes (link.enabled)",
      {{"topic", config_.input_topic},
       {"held", static_cast<std::int64_t>(held)},
       {"partitions", topic->partitions}});
  }

private:
  kafka::KafkaConfig config_;
  actors::Surroundings around_;
  std::unique_ptr<kafka::TopicAdmin> admin_;
  bool blind_ = false;
};

/// Creates `kafka.create_topics` and remembers what it complained about: what
/// the brokers refuse they refuse every time.
class TopicCreation {
public:
  TopicCreation(kafka::KafkaConfig config, std::shared_ptr<logic::Log> log)
    : config_(std::move(config)), log_(std::move(log)) {}

  /// Whether that is done.
  bool run() {
    const auto specs = kafka::parse_topic_specs(config_.create_topics);
    if (!specs)
      return true; // not with a configuration that was checked
    auto admin = kafka::TopicAdmin::open(config_);
    auto created = admin ? (*admin)->create(*specs, topic_wait)
                         : Created{admin.error()};
    if (!created) {
      complain(created.error());
      return false;
    }
    for (const auto& name : *created)
      log_->info(component, "topic created", {{"topic", name}});
    return true;
  }

private:
  using Created = logic::Result<std::vector<std::string>>;

  void complain(const logic::Error& error) {
    if (limiter_.admit(component, error.text, std::chrono::steady_clock::now()))
      log_->warn(component, "could not create topics yet, trying again",
                 {{"error", error.text}});
    else
      log_->debug(component, "topics are still not created",
                  {{"error", error.text}});
  }

  kafka::KafkaConfig config_;
  std::shared_ptr<logic::Log> log_;
  logic::LogLimiter limiter_{
    {.interval = std::chrono::minutes{10}, .burst = 1, .max_messages = 16}};
};

/// Looks after changed GeoIP files, less often while they cannot be used.
void reload(adapters::geoip::GeoDatabase& geo, logic::CircuitBreaker& circuit,
            actors::Metrics& metrics, logic::Log& log) {
  const auto now = std::chrono::steady_clock::now();
  if (!circuit.allows(now))
    return;
  const auto reloaded = geo.reload_if_changed();
  if (!reloaded) {
    circuit.on_failure(now);
    metrics.geo_reloads_failed.Increment();
    log.error(component,
              "a changed GeoIP file cannot be used, keeping the old one",
              {{"error", reloaded.error().text}});
  } else {
    circuit.on_success(now);
    if (*reloaded) {
      metrics.geo_reloads_succeeded.Increment();
      log.info(component, "GeoIP files reloaded");
    }
  }
  metrics.circuit_state("geoip_reload")
    .Set(static_cast<double>(circuit.state(now)));
}

/// Looks after changed files of quiet networks. They are small: one that cannot
/// be used costs nothing to look at again.
void reload(adapters::geoip::QuietNetworkList& quiet, actors::Metrics& metrics,
            logic::Log& log) {
  const auto reloaded = quiet.reload_if_changed();
  if (!reloaded) {
    metrics.quiet_reloads_failed.Increment();
    log.error(component,
              "a changed file of quiet networks cannot be used, keeping the "
              "old list",
              {{"error", reloaded.error().text}});
    return;
  }
  if (!*reloaded)
    return;
  const auto size = quiet.current()->size();
  metrics.quiet_reloads_succeeded.Increment();
  metrics.quiet_networks.Set(static_cast<double>(size));
  log.info(component, "quiet networks reloaded", {{"entries", size}});
}

} // namespace

std::map<std::string, actors::BackgroundTask>
background_tasks(const NodeConfig& config,
                 std::shared_ptr<adapters::geoip::GeoDatabase> geo,
                 std::shared_ptr<adapters::geoip::QuietNetworkList> quiet,
                 const actors::Surroundings& surroundings) {
  std::map<std::string, actors::BackgroundTask> tasks;
  const bool worker = config.node.is_worker();
  if (!config.kafka.create_topics.empty() && !worker)
    tasks["topic_creation"] = {
      [creation = std::make_shared<TopicCreation>(
         config.kafka, surroundings.log)] { return !creation->run(); },
      topic_retry};
  if (!config.geoip.files.empty() && config.geoip.reload_interval.count() > 0)
    tasks["geoip_reload"] = {[geo = std::move(geo),
                              circuit = std::make_shared<logic::CircuitBreaker>(
                                logic::CircuitBreakerConfig{}),
                              metrics = surroundings.metrics,
                              log = surroundings.log] {
                               reload(*geo, *circuit, *metrics, *log);
                               return true;
                             },
                             config.geoip.reload_interval};
  if (config.detection.enabled && !config.link.enabled && !worker)
    tasks["blind_spot"] = {
      [spot = std::make_shared<BlindSpot>(config.kafka, surroundings)] {
        spot->look();
        return true;
      },
      company_interval};
  if (quiet->has_files())
    tasks["quiet_networks_reload"] = {[quiet = std::move(quiet),
                                       metrics = surroundings.metrics,
                                       log = surroundings.log] {
                                        reload(*quiet, *metrics, *log);
                                        return true;
                                      },
                                      quiet_interval};
  return tasks;
}

} // namespace millrace::node
