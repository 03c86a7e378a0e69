#include "node/topology/background_tasks.hpp"

#include "actors/supervision/background_task.hpp"
#include "adapters/kafka/topic_admin.hpp"
#include "logic/core/log_limiter.hpp"
#include "logic/delivery/circuit_breaker.hpp"

#include <chrono>
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

/// Creates `kafka.create_topics` and remembers what it complained about: what
/// the brokers refuse they refuse every time.
class TopicCreation {
public:
  TopicCreation(kafka::KafkaConfig config, std::shared_ptr<logic::Log> log)
    : config_(std::move(config)), log_(std::move(log)) {}

  /// Whether that is done.
  bool run() {
    std::vector<kafka::TopicSpec> specs;
    specs.reserve(config_.create_topics.size());
    for (const auto& text : config_.create_topics)
      if (auto spec = kafka::parse_topic_spec(text))
        specs.push_back(std::move(*spec));
    auto admin = kafka::TopicAdmin::open(config_);
    auto created = admin ? (*admin)->create(specs, topic_wait)
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
  if (!config.kafka.create_topics.empty())
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
