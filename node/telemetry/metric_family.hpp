#pragma once

#include <prometheus/metric_family.h>

#include <string>

namespace millrace::node {

/// A counter family with one series without labels.
prometheus::MetricFamily counter_family(std::string name, std::string help,
                                        double value);

/// A gauge family with one series without labels.
prometheus::MetricFamily gauge_family(std::string name, std::string help,
                                      double value);

} // namespace millrace::node
