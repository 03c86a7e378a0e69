#include "node/demo/load_thread.hpp"

#include <chrono>
#include <utility>

namespace millrace::node::demo {

LoadThread::LoadThread(const adapters::kafka::KafkaConfig& kafka,
                       LoadOptions options,
                       logic::generation::LoginGenerator& generator)
  : thread_([this, kafka, options = std::move(options), &generator] {
      run(kafka, options, generator);
    }) {}

LoadThread::~LoadThread() {
  join();
}

void LoadThread::join() {
  stop_ = true;
  if (thread_.joinable())
    thread_.join();
}

void LoadThread::run(const adapters::kafka::KafkaConfig& kafka,
                     const LoadOptions& options,
                     logic::generation::LoginGenerator& generator) {
  auto sink = open_kafka_sink(kafka, options);
  if (!sink) {
    log_ << sink.error().text;
    code_ = ExitCode::unavailable;
  } else {
    const auto wait_for_stop = [this](std::chrono::microseconds wait) {
      std::this_thread::sleep_for(wait);
      return stop_.load();
    };
    code_ = run_load(generator, options, **sink, wait_for_stop, log_, &counts_);
  }
  done_ = true;
}

} // namespace millrace::node::demo
