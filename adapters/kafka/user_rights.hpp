#pragma once

#include "adapters/kafka/client.hpp"
#include "adapters/kafka/kafka_config.hpp"
#include "logic/core/result.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace millrace::adapters::kafka {

/// Asks the brokers what this user may do, and changes nothing. Every call
/// blocks for at most its deadline.
class UserRights {
public:
  enum class Use : std::uint8_t { read, write };

  /// What the brokers take for a member's `session.timeout.ms`.
  struct SessionBounds {
    std::chrono::milliseconds least;
    std::chrono::milliseconds most;
  };

  static logic::Result<std::unique_ptr<UserRights>>
  open(const KafkaConfig& config);

  /// `unauthorized`, with what to do, where the brokers say that it is refused.
  /// Brokers that do not tell are taken to allow it.
  logic::Result<void> check_topic(const std::string& topic, Use use,
                                  std::chrono::milliseconds deadline);

  /// The same for reading in a group; waits for a coordinator that is not
  /// ready yet.
  logic::Result<void> check_group(const std::string& group,
                                  std::chrono::milliseconds deadline);

  /// Nothing where this user may not ask.
  std::optional<SessionBounds>
  session_bounds(std::chrono::milliseconds deadline);

private:
  explicit UserRights(ClientPtr client);

  template <class Ask>
  logic::Result<EventPtr>
  answer(rd_kafka_admin_op_t kind, const std::string& attempted,
         std::chrono::milliseconds deadline, const Ask& ask);
  logic::Result<EventPtr> describe_group(const std::string& group,
                                         const std::string& attempted,
                                         std::chrono::milliseconds deadline);

  ClientPtr client_;
  QueuePtr queue_;
};

} // namespace millrace::adapters::kafka
