#include "node/telemetry/process_metrics.hpp"

#include "node/telemetry/metric_family.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <sys/resource.h>
#include <system_error>
#include <unistd.h>

namespace millrace::node {

namespace {

std::optional<double> resident_bytes() {
  std::ifstream file{"/proc/self/statm"};
  double pages_total = 0;
  double pages_resident = 0;
  if (!(file >> pages_total >> pages_resident)) {
    return std::nullopt;
  }
  return pages_resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec)
         + static_cast<double>(time.tv_usec) / 1e6;
}

std::optional<double> cpu_seconds() {
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) != 0) {
    return std::nullopt;
  }
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::optional<double> count_entries(const char* folder) {
  std::error_code error;
  std::filesystem::directory_iterator entry{folder, error};
  double count = 0;
  for (; !error && entry != std::filesystem::directory_iterator{};
       entry.increment(error)) {
    ++count;
  }
  return error ? std::nullopt : std::optional{count};
}

std::optional<double> max_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0
      || limit.rlim_cur == RLIM_INFINITY) {
    return std::nullopt;
  }
  return static_cast<double>(limit.rlim_cur);
}

class ProcessMetrics final : public prometheus::Collectable {
public:
  std::vector<prometheus::MetricFamily> Collect() const override {
    std::vector<prometheus::MetricFamily> families;
    const auto gauge = [&](const char* name, const char* help,
                           std::optional<double> value) {
      if (value) {
        families.push_back(gauge_family(name, help, *value));
      }
    };
    gauge("process_resident_memory_bytes", "Resident memory of the node.",
          resident_bytes());
    if (const auto used = cpu_seconds()) {
      families.push_back(counter_family("process_cpu_seconds_total",
                                        "User and system CPU time.", *used));
    }
    auto open_files = count_entries("/proc/self/fd");
    if (open_files) {
      *open_files -= 1; // the one that counted
    }
    gauge("process_open_fds", "Open file descriptors.", open_files);
    gauge("process_max_fds", "Most file descriptors that may be open.",
          max_files());
    gauge("process_threads", "Threads of the node.",
          count_entries("/proc/self/task"));
    gauge("process_start_time_seconds", "Start, in seconds since 1970 (UTC).",
          started_);
    return families;
  }

private:
  double started_ = std::chrono::duration<double>(
                      std::chrono::system_clock::now().time_since_epoch())
                      .count();
};

} // namespace

std::shared_ptr<prometheus::Collectable> make_process_metrics() {
  return std::make_shared<ProcessMetrics>();
}

} // namespace millrace::node
