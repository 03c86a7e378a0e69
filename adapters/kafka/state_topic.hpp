#pragma once

#include "adapters/kafka/kafka_config.hpp"
#include "adapters/kafka/topic_admin.hpp"
#include "logic/core/result.hpp"
#include "logic/detection/state_store.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace millrace::adapters::kafka {

/// Which topic holds the state of the detection's shards, and how ownership of
/// them moves.
struct StateTopicParameters {
  std::string topic;
  /// Its members divide the shards among themselves. It is no group that
  /// consumes anything else, or that would move with the shards.
  std::string group;
  std::uint32_t shards = 32;
  /// Of key and value of the largest record.
  std::size_t max_record_bytes = 64U << 10U;
  /// A node that is not heard of, or does not look for events, for so long
  /// loses its shards.
  std::chrono::milliseconds session_timeout{6'000};
  /// How long a shard that is to go elsewhere waits for `release`.
  std::chrono::milliseconds release_wait{2'000};
  /// What cannot be written in this time has failed.
  std::chrono::milliseconds delivery_timeout{10'000};
  /// Create the topic where it is missing.
  bool create = true;
};

/// `<group>-state` for both names.
StateTopicParameters to_state_topic_parameters(const KafkaConfig& config);

/// How the topic is created where it is missing.
TopicSpec to_topic_spec(const StateTopicParameters& parameters);

/// Whether the topic, as it is, can hold the state; the error says what is
/// wrong with it, and the command that mends it.
logic::Result<void> check_state_topic(const StateTopicParameters& parameters,
                                      std::int32_t partitions,
                                      const TopicLimits& limits);

/// The same of the topic as the brokers know it, for people: what it is like,
/// or what is wrong with it. Changes nothing.
logic::Result<std::string>
look_at_state_topic(TopicAdmin& admin, const StateTopicParameters& parameters,
                    std::chrono::milliseconds deadline);

/// Shards by Kafka's group: who is assigned a partition of the compacted state
/// topic owns that shard, and its state is what the partition holds. Decision
/// 17 tells how former owners are kept out.
///
/// Call `take_events` twice a second at least, woken or not: deadlines are
/// kept there, and who does not look loses its shards. What is amiss, the
/// topic itself included, comes as `StateStoreTrouble`. `close` blocks for its
/// deadline at most; destroying the store without it leaves the group to find
/// out.
logic::Result<std::unique_ptr<logic::detection::StateStore>>
open_state_topic(const KafkaConfig& config,
                 const StateTopicParameters& parameters);

} // namespace millrace::adapters::kafka
