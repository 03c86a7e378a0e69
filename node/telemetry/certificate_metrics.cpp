#include "node/telemetry/certificate_metrics.hpp"

#include "adapters/links/certificate_expiry.hpp"

#include <prometheus/metric_family.h>

#include <string>
#include <utility>
#include <vector>

namespace millrace::node {

namespace {

class CertificateMetrics final : public prometheus::Collectable {
public:
  explicit CertificateMetrics(const NodeConfig& config) {
    if (config.link.enabled) {
      add("link_certificate", config.link.certificate_file, false);
      add("link_ca", config.link.ca_file, true);
    }
    if (!config.node.is_worker()) {
      add("kafka_certificate", config.kafka.ssl_certificate_file, false);
      add("kafka_ca", config.kafka.ssl_ca_file, true);
    }
  }

  std::vector<prometheus::MetricFamily> Collect() const override {
    prometheus::MetricFamily family{
      "millrace_certificate_expiry_timestamp_seconds",
      "When the certificates of a file expire, in seconds since 1970.",
      prometheus::MetricType::Gauge,
      {}};
    for (const auto& file : files_) {
      const auto expiry = adapters::links::expiry_of(file.path);
      if (!expiry)
        continue;
      const auto at = file.of_authorities ? expiry->last : expiry->first;
      prometheus::ClientMetric metric;
      metric.label.push_back({"use", file.use});
      metric.gauge.value = static_cast<double>(at.time_since_epoch().count());
      family.metric.push_back(std::move(metric));
    }
    if (family.metric.empty())
      return {};
    return {std::move(family)};
  }

private:
  struct File {
    std::string use;
    std::string path;
    bool of_authorities;
  };

  void add(std::string use, const std::string& path, bool of_authorities) {
    if (!path.empty())
      files_.push_back({std::move(use), path, of_authorities});
  }

  std::vector<File> files_;
};

} // namespace

std::shared_ptr<prometheus::Collectable>
make_certificate_metrics(const NodeConfig& config) {
  return std::make_shared<CertificateMetrics>(config);
}

} // namespace millrace::node
