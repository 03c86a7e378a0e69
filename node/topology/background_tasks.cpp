#include "node/topology/background_tasks.hpp"

#include "actors/supervision/background_task.hpp"
#include "adapters/kafka/topic_admin.hpp"
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

/// Whether that is done.
bool create_topics(const kafka::KafkaConfig& config, logic::Log& log) {
  std::vector<kafka::TopicSpec> specs;
  specs.reserve(config.create_topics.size());
  for (const auto& text : config.create_topics)
    if (auto spec = kafka::parse_topic_spec(text))
      specs.push_back(std::move(*spec));
  auto admin = kafka::TopicAdmin::open(config);
  auto created = admin ? (*admin)->create(specs, topic_wait)
                       : logic::Result<std::vector<std::string>>{admin.error()};
  if (!created) {
    log.limited(std::chrono::steady_clock::now(), logic::LogLevel::warn,
                component, "could not create topics yet, trying again",
                {{"error", created.error().text}});
    return false;
  }
  for (const auto& name : *created)
    log.info(component, "topic created", {{"topic", name}});
  return true;
}

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
    tasks["topic_creation"] = {[kafka = config.kafka, log = surroundings.log] {
                                 return !create_topics(kafka, *log);
                               },
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
