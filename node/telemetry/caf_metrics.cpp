#include "node/telemetry/caf_metrics.hpp"

#include <caf/actor_system.hpp>
#include <caf/telemetry/counter.hpp>
#include <caf/telemetry/gauge.hpp>
#include <caf/telemetry/histogram.hpp>
#include <caf/telemetry/metric.hpp>
#include <caf/telemetry/metric_family.hpp>
#include <caf/telemetry/metric_registry.hpp>
#include <prometheus/metric_family.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace::node {

namespace {

/// "mailbox-size" of "caf.actor" is "caf_actor_mailbox_size".
std::string metric_name(std::string_view text) {
  std::string name{text};
  std::replace_if(
    name.begin(), name.end(),
    [](char letter) { return letter == '.' || letter == '-'; }, '_');
  return name;
}

std::string full_name(const caf::telemetry::metric_family& family) {
  auto name = metric_name(family.prefix()) + '_' + metric_name(family.name());
  if (family.unit() != "1") {
    name += '_' + metric_name(family.unit());
  }
  if (family.is_sum()) {
    name += "_total";
  }
  return name;
}

/// What CAF's registry calls with each of its metrics, family by family.
class Translator {
public:
  using Source = caf::telemetry::metric_family;
  using Instance = caf::telemetry::metric;

  template <class T>
  void operator()(const Source* source, const Instance* instance,
                  const caf::telemetry::counter<T>* counter) {
    auto& metric = add(source, instance, prometheus::MetricType::Counter);
    metric.counter.value = static_cast<double>(counter->value());
  }

  void operator()(const Source* source, const Instance* instance,
                  const caf::telemetry::int_gauge* gauge) {
    auto& metric = add(source, instance, prometheus::MetricType::Gauge);
    metric.gauge.value = static_cast<double>(gauge->value());
  }

  void operator()(const Source* source, const Instance* instance,
                  const caf::telemetry::dbl_gauge* gauge) {
    auto& metric = add(source, instance, prometheus::MetricType::Gauge);
    metric.gauge.value = gauge->value();
  }

  template <class T>
  void operator()(const Source* source, const Instance* instance,
                  const caf::telemetry::histogram<T>* histogram) {
    auto& target
      = add(source, instance, prometheus::MetricType::Histogram).histogram;
    target.sample_sum = static_cast<double>(histogram->sum());
    for (const auto& bucket : histogram->buckets()) {
      target.sample_count += static_cast<std::uint64_t>(bucket.count.value());
      target.bucket.push_back(
        {target.sample_count, static_cast<double>(bucket.upper_bound)});
    }
    if (!target.bucket.empty()) {
      // An integer histogram has no infinity for its last bound.
      target.bucket.back().upper_bound
        = std::numeric_limits<double>::infinity();
    }
  }

  std::vector<prometheus::MetricFamily> families() && {
    return std::move(families_);
  }

private:
  prometheus::ClientMetric& add(const Source* source, const Instance* instance,
                                prometheus::MetricType type) {
    if (source != current_) {
      current_ = source;
      families_.push_back({full_name(*source), source->helptext(), type, {}});
    }
    auto& metric = families_.back().metric.emplace_back();
    for (const auto& label : instance->labels()) {
      const auto name = label.name();
      const auto value = label.value();
      metric.label.push_back({metric_name({name.data(), name.size()}),
                              {value.data(), value.size()}});
    }
    return metric;
  }

  const Source* current_ = nullptr;
  std::vector<prometheus::MetricFamily> families_;
};

class CafMetrics final : public prometheus::Collectable {
public:
  explicit CafMetrics(const caf::actor_system& system) : system_(system) {}

  std::vector<prometheus::MetricFamily> Collect() const override {
    Translator translator;
    system_.metrics().collect(translator);
    return std::move(translator).families();
  }

private:
  const caf::actor_system& system_;
};

} // namespace

std::shared_ptr<prometheus::Collectable>
make_caf_metrics(const caf::actor_system& system) {
  return std::make_shared<CafMetrics>(system);
}

} // namespace millrace::node
