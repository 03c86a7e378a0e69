#pragma once

#include "adapters/kafka/kafka_config.hpp"
#include "logic/generation/login_generator.hpp"
#include "node/load/load_run.hpp"

#include <atomic>
#include <cstdint>
#include <sstream>
#include <string>
#include <thread>

namespace millrace::node::demo {

/// The generator at work on a thread of its own, from construction on.
class LoadThread {
public:
  /// The generator must outlive this object.
  LoadThread(const adapters::kafka::KafkaConfig& kafka, LoadOptions options,
             logic::generation::LoginGenerator& generator);

  LoadThread(const LoadThread&) = delete;
  LoadThread& operator=(const LoadThread&) = delete;
  ~LoadThread();

  /// Whether everything is written, or nothing more can be.
  bool done() const noexcept { return done_; }

  /// Stops it where it is not done.
  void join();

  // After `done` or `join`.
  std::uint64_t sent() const noexcept { return counts_.sent; }
  ExitCode code() const noexcept { return code_; }
  std::string messages() const { return log_.str(); }

private:
  void run(const adapters::kafka::KafkaConfig& kafka,
           const LoadOptions& options,
           logic::generation::LoginGenerator& generator);

  std::atomic<bool> stop_ = false;
  std::atomic<bool> done_ = false;
  ExitCode code_ = ExitCode::success;
  LoadCounts counts_;
  std::ostringstream log_;
  std::thread thread_; ///< last: it uses all of the above
};

} // namespace millrace::node::demo
