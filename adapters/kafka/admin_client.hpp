#pragma once

#include "adapters/kafka/client.hpp"
#include "adapters/kafka/kafka_config.hpp"
#include "logic/core/result.hpp"

#include <array>
#include <chrono>
#include <string>
#include <string_view>

namespace millrace::adapters::kafka {

using MetadataPtr = Owned<const rd_kafka_metadata_t, rd_kafka_metadata_destroy>;

/// A client for questions and orders about topics and groups, which waits for
/// each answer. One thread.
class AdminClient {
public:
  logic::Result<void> open(const KafkaConfig& config);

  /// Of one topic, or of all with a null pointer.
  logic::Result<MetadataPtr> metadata(const std::string* topic,
                                      std::string_view attempted,
                                      std::chrono::milliseconds deadline);

  /// Runs one admin request, which `start` makes with the options it is given,
  /// and waits for its result.
  template <class Start>
  logic::Result<EventPtr> run(rd_kafka_admin_op_t kind,
                              std::chrono::milliseconds deadline,
                              std::string_view attempted, const Start& start) {
    auto options = make_options(kind, deadline, attempted);
    if (!options)
      return options.error();
    start(options->get());
    return wait(deadline, attempted);
  }

  /// Waits for the result of a request that was made.
  logic::Result<EventPtr> wait(std::chrono::milliseconds deadline,
                               std::string_view attempted);

  /// What went wrong. A time-out says little; what happened to the connections
  /// says more.
  logic::Error explain(rd_kafka_resp_err_t error, std::string_view attempted,
                       const char* detail = nullptr);

  rd_kafka_t* client() const noexcept { return client_.get(); }
  rd_kafka_queue_t* queue() const noexcept { return queue_.get(); }
  const KafkaConfig& config() const noexcept { return config_; }

private:
  using OptionsPtr
    = Owned<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy>;

  logic::Result<OptionsPtr> make_options(rd_kafka_admin_op_t kind,
                                         std::chrono::milliseconds deadline,
                                         std::string_view attempted);

  KafkaConfig config_;
  ClientPtr client_;
  QueuePtr queue_;
  QueuePtr events_;
};

} // namespace millrace::adapters::kafka
