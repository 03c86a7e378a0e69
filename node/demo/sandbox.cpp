#include "node/demo/sandbox.hpp"

#include "adapters/geoip/demo_database.hpp"
#include "node/demo/child_process.hpp"

#include <chrono>
#include <vector>

namespace millrace::node::demo {

using namespace std::chrono_literals;

bool is_default(const SettingsReport& report, const std::string& key) {
  const auto origin = report.origins.find(key);
  return origin == report.origins.end()
         || origin->second.kind == ValueOrigin::Kind::default_value;
}

logic::Result<std::unique_ptr<Sandbox>>
Sandbox::open(LoadedConfig& loaded, const SandboxOptions& options) {
  std::unique_ptr<Sandbox> sandbox{new Sandbox(options.purpose)};
  if (auto filled = sandbox->fill(loaded, options); !filled)
    return filled.error();
  return sandbox;
}

logic::Result<void> Sandbox::fill(LoadedConfig& loaded,
                                  const SandboxOptions& options) {
  auto& config = loaded.config;
  const auto per_topic = ":" + std::to_string(partitions);
  std::vector<std::string> topics{config.kafka.input_topic + per_topic,
                                  config.kafka.output_topic + per_topic,
                                  config.kafka.dlq_topic + per_topic};
  if (!config.kafka.insights_topic.empty())
    topics.push_back(config.kafka.insights_topic + ":1");
  auto broker = BrokerProcess::start(topics, own_program,
                                     options.retention_mib);
  if (!broker)
    return broker.error();
  broker_ = std::move(*broker);
  const auto database = (folder_.path() / "cities.mmdb").string();
  if (auto written = adapters::geoip::write_demo_database(database); !written)
    return written;
  config.kafka.bootstrap_servers = broker_->bootstrap_servers();
  config.kafka.bootstrap_host.clear();
  config.kafka.bootstrap_port = 0;
  // It speaks no other protocol, whatever the real brokers speak.
  config.kafka.security_protocol = "plaintext";
  for (auto* text :
       {&config.kafka.sasl_mechanism, &config.kafka.sasl_username,
        &config.kafka.sasl_password, &config.kafka.ssl_ca_file,
        &config.kafka.ssl_certificate_file, &config.kafka.ssl_key_file})
    text->clear();
  config.kafka.create_topics.clear();
  prefer(loaded, "geoip.files", config.geoip.files, {database});
  prefer(loaded, "http.port", config.http.port, 0);
  prefer(loaded, "log.level", config.log.level, "error");
  prefer(loaded, "delivery.commit_interval", config.delivery.commit_interval,
         250ms);
  // The embedded broker sleeps through the whole wait, records or not.
  prefer(loaded, "kafka.fetch_wait", config.kafka.fetch_wait, 10ms);
  return {};
}

} // namespace millrace::node::demo
