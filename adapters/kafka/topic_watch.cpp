#include "adapters/kafka/topic_watch.hpp"

#include <algorithm>
#include <utility>

namespace millrace::adapters::kafka {

namespace {

using OptionsPtr
  = Owned<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy>;
using CollectionPtr
  = Owned<rd_kafka_TopicCollection_t, rd_kafka_TopicCollection_destroy>;

constexpr int question_timeout_ms = 5'000;
/// A topic made anew, or of which the partition count was raised, is noticed
/// after this long where no refusal tells of it before.
constexpr std::chrono::seconds refresh_interval{5};
constexpr std::chrono::seconds retry_interval{1};
constexpr std::chrono::milliseconds hint_interval{100};
constexpr std::chrono::seconds limits_interval{60};
constexpr std::size_t text_bytes = 512;
constexpr int max_limit_questions = 3;
constexpr std::int64_t least_assumed_bytes = 1'024;

} // namespace

TopicWatch::TopicWatch(const std::array<std::string, count>& names,
                       std::string input)
  : input_(std::move(input)) {
  for (std::size_t index = 0; index != count; ++index) {
    auto& topic = topics_[index];
    topic.name = names[index];
    if (topic.name.empty()) {
      topic.state = DestinationTopic::State::refused;
      topic.error = RD_KAFKA_RESP_ERR__INVALID_ARG;
    }
  }
}

logic::Result<void> TopicWatch::attach(rd_kafka_t* client,
                                       rd_kafka_queue_t* queue) {
  client_ = client;
  queue_ = queue;
  for (auto& topic : topics_) {
    if (topic.name.empty())
      continue;
    topic.handle.reset(
      rd_kafka_topic_new(client_, topic.name.c_str(), nullptr));
    if (!topic.handle)
      return to_error(rd_kafka_last_error(),
                      "preparing to write to topic " + topic.name);
  }
  ask();
  if (!limits_settled_)
    ask_limits();
  return {};
}

void TopicWatch::detach() {
  for (auto& topic : topics_)
    topic.handle.reset();
  asking_ = false;
  asking_limits_ = false;
}

void TopicWatch::refresh() {
  next_question_ = std::min(next_question_, asked_ + hint_interval);
}

bool TopicWatch::refresh_limits() {
  if (Clock::now() < limits_asked_ + retry_interval)
    return false;
  limits_settled_ = false;
  limit_questions_ = 0;
  ask_limits();
  return true;
}

void TopicWatch::on_too_large(logic::Destination destination,
                              std::int64_t bytes) {
  auto& limits = at(destination).limits;
  if (!limits.known && bytes / 2 >= least_assumed_bytes)
    limits.max_message_bytes = std::min(limits.max_message_bytes, bytes / 2);
}

void TopicWatch::ask_limits() {
  if (std::exchange(asking_limits_, true))
    return;
  limits_asked_ = Clock::now();
  ++limit_questions_;
  std::vector<std::string> names{input_};
  for (const auto& topic : topics_)
    if (!topic.name.empty())
      names.push_back(topic.name);
  ask_topic_limits(client_, queue_, names,
                   std::chrono::milliseconds{question_timeout_ms});
}

std::int64_t TopicWatch::least_message_bytes() const noexcept {
  auto least = TopicLimits::default_max_message_bytes;
  for (const auto& topic : topics_)
    if (!topic.name.empty())
      least = std::min(least, topic.limits.max_message_bytes);
  return least;
}

logic::Destination
TopicWatch::destination_of(const rd_kafka_topic_t* handle) const noexcept {
  for (std::size_t index = 1; index != count; ++index)
    if (topics_[index].handle.get() == handle)
      return static_cast<logic::Destination>(index);
  return logic::Destination::output;
}

logic::Error TopicWatch::refusal(const DestinationTopic& topic) const {
  if (topic.name.empty())
    return {logic::ErrorCode::invalid_argument,
            "no topic is configured for this destination"};
  if (to_code(topic.error) == logic::ErrorCode::not_found)
    return {logic::ErrorCode::not_found, missing_topic_text(topic.name)};
  return to_error(topic.error, "looking up topic " + topic.name);
}

void TopicWatch::tick() {
  const auto now = Clock::now();
  if (!asking_ && now >= next_question_)
    ask();
  const auto interval = limits_settled_ ? limits_interval : retry_interval;
  if (!asking_limits_ && now >= limits_asked_ + interval)
    ask_limits();
}

void TopicWatch::ask() {
  std::array<const char*, count> names{};
  std::size_t used = 0;
  for (const auto& topic : topics_)
    if (!topic.name.empty())
      names[used++] = topic.name.c_str();
  const OptionsPtr options{
    rd_kafka_AdminOptions_new(client_, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS)};
  std::array<char, text_bytes> text{};
  if (rd_kafka_AdminOptions_set_request_timeout(
        options.get(), question_timeout_ms, text.data(), text.size())
      != RD_KAFKA_RESP_ERR_NO_ERROR)
    return;
  const CollectionPtr collection{
    rd_kafka_TopicCollection_of_topic_names(names.data(), used)};
  asked_ = Clock::now();
  next_question_ = asked_ + retry_interval;
  asking_ = true;
  rd_kafka_DescribeTopics(client_, collection.get(), options.get(), queue_);
}

bool TopicWatch::on_event(rd_kafka_event_t* event, BrokerWatch& watch,
                          std::vector<logic::ClientEvent>& events) {
  switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_DESCRIBETOPICS_RESULT:
      on_topics(event, watch, events);
      return true;
    case RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT:
      on_limits(event, events);
      return true;
    default:
      return false;
  }
}

void TopicWatch::on_limits(rd_kafka_event_t* event,
                           std::vector<logic::ClientEvent>& events) {
  asking_limits_ = false;
  const auto error = rd_kafka_event_error(event);
  // Where nobody can be reached nothing can be sent either. A broker that
  // answers all but this question is not waited for.
  if (is_unreachable(error) && limit_questions_ < max_limit_questions)
    return;
  limits_settled_ = true;
  limit_questions_ = 0;
  limits_asked_ = Clock::now(); // an answer that took long is fresh as well
  const auto [found, denied] = read_topic_limits(event);
  warn_of_denial(denied, events);
  if (const auto input = found.find(input_); input != found.end())
    input_limits_ = input->second;
  for (auto& topic : topics_)
    if (const auto limits = found.find(topic.name); limits != found.end()) {
      topic.limits = limits->second;
      warn_of_compaction(topic, events);
    }
}

void TopicWatch::warn_of_denial(const std::vector<std::string>& topics,
                                std::vector<logic::ClientEvent>& events) {
  if (topics.empty() || std::exchange(told_of_denial_, true))
    return;
  std::string names;
  for (const auto& topic : topics)
    names += (names.empty() ? "" : ", ") + topic;
  events.push_back(
    {logic::ClientEvent::Kind::warning,
     {},
     {logic::ErrorCode::unauthorized,
      "this user may not read the configuration of " + names
        + ": Kafka's defaults are assumed (max.message.bytes "
        + std::to_string(TopicLimits::default_max_message_bytes)
        + "); if they are not its own, let it with kafka-acls --add "
          "--allow-principal User:<name> --operation DescribeConfigs --topic "
          "<topic>"}});
}

void TopicWatch::warn_of_compaction(DestinationTopic& topic,
                                    std::vector<logic::ClientEvent>& events) {
  const auto index = static_cast<std::size_t>(&topic - topics_.data());
  if (!std::exchange(told_of_compaction_[index], topic.limits.compacted)
      && topic.limits.compacted)
    events.push_back(
      {logic::ClientEvent::Kind::warning,
       {},
       {logic::ErrorCode::invalid_config,
        "topic " + topic.name
          + " has cleanup.policy=compact and refuses every record without a "
            "key; give it cleanup.policy=delete unless all records of the "
            "input have keys"}});
}

void TopicWatch::on_topics(rd_kafka_event_t* event, BrokerWatch& watch,
                           std::vector<logic::ClientEvent>& events) {
  asking_ = false;
  if (const auto error = rd_kafka_event_error(event);
      error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    // Unreachable brokers are the client's own event.
    if (!is_unreachable(error))
      watch.on_error(error, "asking for the output topics",
                     rd_kafka_event_error_string(event), events);
    tick();
    return;
  }
  std::size_t described = 0;
  const auto* descriptions = rd_kafka_DescribeTopics_result_topics(
    rd_kafka_event_DescribeTopics_result(event), &described);
  for (std::size_t index = 0; index != described; ++index)
    learn(descriptions[index], events);
  bool complete = true;
  std::vector<logic::Error> refusals;
  const auto& insights = at(logic::Destination::insights);
  for (const auto& topic : topics_) {
    if (topic.name.empty() || topic.state == DestinationTopic::State::present)
      continue;
    complete = false;
    if (topic.state == DestinationTopic::State::refused && &topic != &insights)
      refusals.push_back(refusal(topic));
  }
  const bool no_insights = !insights.name.empty()
                           && insights.state
                                == DestinationTopic::State::refused;
  // Nothing stands still for want of it.
  if (!std::exchange(told_of_insights_, no_insights) && no_insights)
    events.push_back(
      {logic::ClientEvent::Kind::warning, {}, refusal(insights)});
  watch.set_standing(!refusals.empty());
  watch.on_contact(events);
  for (auto& each : refusals)
    watch.report(std::move(each), events);
  next_question_ = Clock::now();
  if (complete)
    next_question_ += refresh_interval;
  else
    next_question_ += retry_interval;
}

void TopicWatch::on_recreated(const DestinationTopic& topic,
                              std::vector<logic::ClientEvent>& events) {
  events.push_back(
    {logic::ClientEvent::Kind::recreated,
     {},
     {logic::ErrorCode::not_found,
      "writing to " + topic.name
        + ": the topic was deleted and created again, with "
        + std::to_string(topic.partitions)
        + " partitions now; what was delivered to the one before is gone with "
          "it"},
     {},
     {},
     topic.name});
  recreated_ = true;
  refresh_limits(); // which it may have others of
}

void TopicWatch::learn(const rd_kafka_TopicDescription_t* description,
                       std::vector<logic::ClientEvent>& events) {
  const std::string_view name = rd_kafka_TopicDescription_name(description);
  for (auto& topic : topics_) {
    if (topic.name != name || topic.name.empty())
      continue;
    topic.error = rd_kafka_error_code(
      rd_kafka_TopicDescription_error(description));
    std::size_t partitions = 0;
    rd_kafka_TopicDescription_partitions(description, &partitions);
    if (topic.error == RD_KAFKA_RESP_ERR_NO_ERROR && partitions != 0) {
      topic.partitions = static_cast<std::int32_t>(partitions);
      // What did not exist when its limits were asked for has them now.
      if (topic.state == DestinationTopic::State::refused)
        refresh_limits();
      topic.state = DestinationTopic::State::present;
      if (topic.ids.learn(description))
        on_recreated(topic, events);
    } else if (to_code(topic.error) == logic::ErrorCode::not_found
               || is_unauthorized(topic.error)
               || topic.error == RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION) {
      topic.state = DestinationTopic::State::refused;
    }
  }
}

} // namespace millrace::adapters::kafka
