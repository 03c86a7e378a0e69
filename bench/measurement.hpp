#pragma once

#include "adapters/kafka/kafka_config.hpp"
#include "logic/core/result.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

#include <sys/resource.h>

/// What the modes of pass_through share.
namespace millrace::bench {

using namespace std::chrono_literals;

inline constexpr std::size_t batch_records = 1'000;
inline constexpr std::size_t value_bytes = 300;
inline constexpr std::size_t max_in_flight = 100'000;
inline constexpr auto stall_limit = 60s;

struct Options {
  std::string bootstrap;
  std::string in = "in";
  std::string out = "out";
  std::string mode = "raw";
  std::int64_t count = 1'000'000;
};

[[noreturn]] inline void fail(const std::string& text) {
  std::fprintf(stderr, "pass_through: %s\n", text.c_str());
  std::exit(1);
}

inline double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec)
           + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Measures from its construction, and gives up when nothing moves.
class Measurement {
public:
  explicit Measurement(const Options& options) : options_(options) {}

  /// Call with what is finished so far.
  void progress(std::int64_t done) {
    const auto now = std::chrono::steady_clock::now();
    if (done != done_) {
      done_ = done;
      moved_ = now;
    } else if (now - moved_ > stall_limit) {
      fail("nothing moved for a minute, with " + std::to_string(done) + " of "
           + std::to_string(options_.count) + " records done");
    }
  }

  void print() const {
    const auto million = 1e6 / static_cast<double>(options_.count);
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now()
                                               - start_;
    std::printf("%-9s %9lld records  %.3f CPU-s per 1M  %.2f s wall\n",
                options_.mode.c_str(), static_cast<long long>(options_.count),
                (cpu_seconds() - cpu_start_) * million, wall.count());
  }

private:
  const Options& options_;
  double cpu_start_ = cpu_seconds();
  std::chrono::steady_clock::time_point start_
    = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point moved_ = start_;
  std::int64_t done_ = 0;
};

inline adapters::kafka::KafkaConfig to_config(const Options& options) {
  adapters::kafka::KafkaConfig config;
  config.bootstrap_servers = options.bootstrap;
  config.input_topic = options.in;
  config.output_topic = options.out;
  config.dlq_topic = options.out + "-unused";
  config.insights_topic.clear();
  // A fresh group each time: every run reads from the beginning.
  config.consumer_group = "bench-" + std::to_string(std::random_device{}());
  config.fetch_wait = 10ms;
  return config;
}

template <class T>
T unwrap(logic::Result<T> result) {
  if (!result)
    fail(result.error().text);
  return *std::move(result);
}

} // namespace millrace::bench
