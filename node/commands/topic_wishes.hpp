#pragma once

#include "adapters/kafka/topic_admin.hpp"
#include "logic/core/result.hpp"
#include "logic/operations/order_risk.hpp"
#include "logic/operations/topic_difference.hpp"
#include "node/config/node_config.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace millrace::node::commands {

/// What a node of this configuration uses a topic for.
logic::TopicRole role_of(const NodeConfig& config, const std::string& topic);

/// The topics that a node of this configuration uses.
std::vector<std::string> used_topics(const NodeConfig& config);

/// The topics to create: those that are named as name:partitions:replication
/// or, where none is, those of `kafka.create_topics` and the state topic.
logic::Result<std::vector<adapters::kafka::TopicSpec>>
wanted_topics(const NodeConfig& config, const std::vector<std::string>& named);

/// What is compared with the brokers' topics: the same, and of all others that
/// the node uses, where none is named, that they are there.
std::vector<logic::TopicWish>
to_wishes(const NodeConfig& config,
          const std::vector<adapters::kafka::TopicSpec>& wanted,
          bool with_used_topics);

/// What the brokers have of these; one that is missing is absent, and so are
/// the settings where none are wanted or this user may not ask.
logic::Result<std::vector<logic::TopicFacts>>
topic_facts(adapters::kafka::TopicAdmin& admin,
            const std::vector<logic::TopicWish>& wishes,
            std::chrono::milliseconds deadline);

} // namespace millrace::node::commands
