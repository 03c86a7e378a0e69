#include "node/commands/topic_wishes.hpp"

#include "node/lifecycle/node_files.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace millrace::node::commands {

namespace {

namespace kafka = adapters::kafka;

using logic::TopicRole;

/// The state topic, where the detection keeps its state in one.
std::optional<kafka::TopicSpec> state_topic(const NodeConfig& config) {
  if (state_place(config) != "topic")
    return std::nullopt;
  return kafka::to_topic_spec(state_topic_of(config));
}

} // namespace

TopicRole role_of(const NodeConfig& config, const std::string& topic) {
  const auto& kafka = config.kafka;
  const std::pair<const std::string&, TopicRole> roles[] = {
    {kafka.input_topic, TopicRole::input},
    {kafka.output_topic, TopicRole::output},
    {kafka.dlq_topic, TopicRole::dead_letters},
    {kafka.insights_topic, TopicRole::insights}};
  for (const auto& [name, role] : roles)
    if (name == topic)
      return role;
  const auto state = state_topic(config);
  return state && state->name == topic ? TopicRole::state : TopicRole::none;
}

std::vector<std::string> used_topics(const NodeConfig& config) {
  const auto& kafka = config.kafka;
  std::vector<std::string> topics{kafka.input_topic, kafka.output_topic,
                                  kafka.dlq_topic, kafka.insights_topic};
  if (const auto state = state_topic(config))
    topics.push_back(state->name);
  std::erase(topics, std::string{});
  return topics;
}

logic::Result<std::vector<kafka::TopicSpec>>
wanted_topics(const NodeConfig& config, const std::vector<std::string>& named) {
  auto specs = kafka::parse_topic_specs(
    named.empty() ? config.kafka.create_topics : named);
  if (!specs)
    return specs.error();
  auto& wanted = *specs;
  if (const auto state = state_topic(config);
      named.empty() && state
      && std::ranges::find(wanted, state->name, &kafka::TopicSpec::name)
           == wanted.end())
    wanted.push_back(*state);
  return specs;
}

std::vector<logic::TopicWish>
to_wishes(const NodeConfig& config, const std::vector<kafka::TopicSpec>& wanted,
          bool with_used_topics) {
  std::vector<logic::TopicWish> wishes;
  for (const auto& spec : wanted) {
    logic::TopicWish wish{spec.name, spec.partitions, std::nullopt,
                          spec.settings};
    if (spec.replication > 0) // else the brokers' default
      wish.replication = spec.replication;
    wishes.push_back(std::move(wish));
  }
  if (!with_used_topics)
    return wishes;
  for (const auto& topic : used_topics(config))
    if (std::ranges::find(wishes, topic, &logic::TopicWish::name)
        == wishes.end())
      wishes.push_back(
        {.name = topic, .partitions = {}, .replication = {}, .settings = {}});
  return wishes;
}

logic::Result<std::vector<logic::TopicFacts>>
topic_facts(kafka::TopicAdmin& admin,
            const std::vector<logic::TopicWish>& wishes,
            std::chrono::milliseconds deadline) {
  const auto present = admin.topics(deadline);
  if (!present)
    return present.error();
  std::vector<logic::TopicFacts> facts;
  std::vector<std::string> asked; // for their settings
  for (const auto& wish : wishes) {
    const auto topic = std::ranges::find(*present, wish.name,
                                         &kafka::TopicInfo::name);
    if (topic == present->end())
      continue;
    facts.push_back({topic->name, topic->partitions, topic->replication, {}});
    if (!wish.settings.empty())
      asked.push_back(wish.name);
  }
  const auto settings = admin.settings(asked, deadline);
  if (!settings)
    return facts; // as where this user may not ask
  for (auto& topic : facts)
    if (const auto own = settings->find(topic.name); own != settings->end()) {
      topic.settings.emplace();
      for (const auto& setting : own->second)
        topic.settings->emplace(setting.name, setting.value);
    }
  return facts;
}

} // namespace millrace::node::commands
