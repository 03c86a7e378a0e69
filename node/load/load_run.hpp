#pragma once

#include "adapters/kafka/kafka_config.hpp"
#include "logic/core/result.hpp"
#include "logic/generation/login_generator.hpp"
#include "node/lifecycle/exit_code.hpp"
#include "node/lifecycle/stop_waiter.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <string_view>

namespace millrace::node {

/// What `millrace generate` does once its command line is read.
struct LoadOptions {
  logic::generation::GeneratorConfig generator;
  double rate = 0.0; ///< events a second; 0: as fast as possible
  std::uint64_t count = 0; ///< 0: without end
  /// Event time that the whole stream covers, up to now; needs a count. At 0
  /// events happen when they are meant to be sent.
  std::chrono::milliseconds event_span{0};
  bool to_stdout = false; ///< values as lines instead of records
  bool quiet = false; ///< no progress lines
  std::chrono::milliseconds reach_deadline{10'000};
  std::chrono::milliseconds flush_deadline{30'000};
};

/// Where records go. One thread.
class LoadSink {
public:
  virtual ~LoadSink() = default;
  struct Record {
    std::string_view key;
    std::optional<std::string_view> value;
    std::int64_t intended_ms = 0; ///< when it was meant to be sent
  };
  /// False when there is no room now: call `make_room`, try again.
  virtual bool write(const Record& record) = 0;
  virtual void make_room() = 0;
  /// Takes in what has happened, without waiting.
  virtual void poll() = 0;
  virtual logic::Result<void> finish() = 0;
  virtual std::uint64_t delivered() const = 0;
  virtual std::uint64_t failed() const = 0;
  /// Nothing more can ever be written.
  virtual bool broken() const = 0;
};

/// Opens the topic `kafka.input_topic`; creates it first where it is missing
/// and named in `kafka.create_topics`.
logic::Result<std::unique_ptr<LoadSink>>
open_kafka_sink(const adapters::kafka::KafkaConfig& kafka,
                const LoadOptions& options);

/// Lines to a stream; a tombstone is an empty line.
std::unique_ptr<LoadSink> make_line_sink(std::ostream& out);

struct LoadCounts {
  std::uint64_t sent = 0;
  std::uint64_t bad = 0; ///< spoiled on purpose
  std::uint64_t without_device_type = 0; ///< of those meant to be good
};

/// Sends until the count, the end of the lines, or the stop; then flushes.
/// Progress and closing counts go to `log`. Blocks.
ExitCode run_load(logic::generation::LoginGenerator& generator,
                  const LoadOptions& options, LoadSink& sink,
                  const StopWaiter& wait_for_stop, std::ostream& log,
                  LoadCounts* counts = nullptr);

} // namespace millrace::node
