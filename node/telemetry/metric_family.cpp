#include "node/telemetry/metric_family.hpp"

#include <utility>

namespace millrace::node {

prometheus::MetricFamily counter_family(std::string name, std::string help,
                                        double value) {
  prometheus::ClientMetric metric;
  metric.counter.value = value;
  return {std::move(name),
          std::move(help),
          prometheus::MetricType::Counter,
          {std::move(metric)}};
}

prometheus::MetricFamily gauge_family(std::string name, std::string help,
                                      double value) {
  prometheus::ClientMetric metric;
  metric.gauge.value = value;
  return {std::move(name),
          std::move(help),
          prometheus::MetricType::Gauge,
          {std::move(metric)}};
}

} // namespace millrace::node
