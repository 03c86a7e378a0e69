#pragma once

#include "adapters/kafka/topic_admin.hpp"
#include "logic/operations/order_risk.hpp"
#include "logic/operations/topic_difference.hpp"
#include "node/endpoint/text_table.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <optional>
#include <string>
#include <vector>

/// Topics as text for people and as documents for scripts.
namespace millrace::node::commands {

/// A topic of the list; without numbers where it does not exist.
struct ListedTopic {
  std::string name;
  std::optional<adapters::kafka::TopicInfo> info;
  logic::TopicRole role = logic::TopicRole::none;
};

std::string draw_topics(const std::vector<ListedTopic>& topics,
                        const StatusCanvas& canvas);
boost::json::array topics_document(const std::vector<ListedTopic>& topics);

/// All that is told of one topic.
struct FullTopic {
  adapters::kafka::TopicDescription description;
  logic::TopicRole role = logic::TopicRole::none;
  adapters::kafka::ExtentsByPartition extents;
  /// None where this user may not ask.
  std::optional<std::vector<adapters::kafka::TopicSetting>> settings;
};

std::string draw_topic(const FullTopic& topic, const StatusCanvas& canvas);
boost::json::object topic_document(const FullTopic& topic);

/// A line with what differs and the command that mends it.
std::string difference_line(const logic::TopicDifference& difference);
boost::json::object
difference_document(const logic::TopicDifference& difference);

/// "12 partitions, replication 3".
std::string numbers_text(std::int32_t partitions, std::int32_t replication);

} // namespace millrace::node::commands
