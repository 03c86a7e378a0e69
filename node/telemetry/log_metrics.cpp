#include "node/telemetry/log_metrics.hpp"

#include "node/telemetry/logging.hpp"
#include "node/telemetry/metric_family.hpp"

#include <utility>

namespace millrace::node {

namespace {

class LogMetrics final : public prometheus::Collectable {
public:
  explicit LogMetrics(std::shared_ptr<const Logging> logging)
    : logging_(std::move(logging)) {}

  std::vector<prometheus::MetricFamily> Collect() const override {
    return {
      gauge_family("millrace_log_file_failing",
                   "1 while the log file cannot be written to, else 0.",
                   logging_->file_failing() ? 1 : 0),
      counter_family("millrace_log_lines_suppressed_total",
                     "Log lines held back because a fault repeated itself.",
                     static_cast<double>(logging_->suppressed())),
    };
  }

private:
  std::shared_ptr<const Logging> logging_;
};

} // namespace

std::shared_ptr<prometheus::Collectable>
make_log_metrics(std::shared_ptr<const Logging> logging) {
  return std::make_shared<LogMetrics>(std::move(logging));
}

} // namespace millrace::node
