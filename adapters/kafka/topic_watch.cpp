#include "adapters/kafka/topic_watch.hpp"

#include <utility>

namespace millrace::adapters::kafka {

namespace {

using OptionsPtr
  = Owned<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy>;
using CollectionPtr
  = Owned<rd_kafka_TopicCollection_t, rd_kafka_TopicCollection_destroy>;

constexpr int question_timeout_ms = 5'000;
/// A partition count that was raised is noticed after this long.
constexpr std::chrono::seconds refresh_interval{60};
constexpr std::chrono::seconds retry_interval{1};
constexpr std::size_t text_bytes = 512;

} // namespace

TopicWatch::TopicWatch(rd_kafka_t* client, rd_kafka_queue_t* queue)
  : client_(client), queue_(queue) {}

logic::Result<void>
TopicWatch::open(const std::array<std::string, count>& names) {
  for (std::size_t index = 0; index != count; ++index) {
    auto& topic = topics_[index];
    topic.name = names[index];
    if (topic.name.empty()) {
      topic.state = DestinationTopic::State::refused;
      topic.error = RD_KAFKA_RESP_ERR__INVALID_ARG;
      continue;
    }
    topic.handle.reset(
      rd_kafka_topic_new(client_, topic.name.c_str(), nullptr));
    if (!topic.handle)
      return to_error(rd_kafka_last_error(),
                      "preparing to write to topic " + topic.name);
  }
  ask();
  return {};
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
  if (!asking_ && Clock::now() >= next_question_)
    ask();
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
  next_question_ = Clock::now() + retry_interval;
  asking_ = true;
  rd_kafka_DescribeTopics(client_, collection.get(), options.get(), queue_);
}

bool TopicWatch::on_event(rd_kafka_event_t* event, BrokerWatch& watch,
                          std::vector<logic::ClientEvent>& events) {
  if (rd_kafka_event_type(event) != RD_KAFKA_EVENT_DESCRIBETOPICS_RESULT)
    return false;
  asking_ = false;
  if (const auto error = rd_kafka_event_error(event);
      error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    // Unreachable brokers are the client's own event.
    if (!is_unreachable(error))
      watch.on_error(error, "asking for the output topics",
                     rd_kafka_event_error_string(event), events);
    tick();
    return true;
  }
  std::size_t described = 0;
  const auto* descriptions = rd_kafka_DescribeTopics_result_topics(
    rd_kafka_event_DescribeTopics_result(event), &described);
  for (std::size_t index = 0; index != described; ++index)
    learn(descriptions[index]);
  bool complete = true;
  std::vector<logic::Error> refusals;
  for (const auto& topic : topics_) {
    if (topic.name.empty() || topic.state == DestinationTopic::State::present)
      continue;
    complete = false;
    if (topic.state == DestinationTopic::State::refused)
      refusals.push_back(refusal(topic));
  }
  watch.set_standing(!refusals.empty());
  watch.on_contact(events);
  for (auto& each : refusals)
    watch.report(std::move(each), events);
  next_question_ = Clock::now();
  if (complete)
    next_question_ += refresh_interval;
  else
    next_question_ += retry_interval;
  return true;
}

void TopicWatch::learn(const rd_kafka_TopicDescription_t* description) {
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
      topic.state = DestinationTopic::State::present;
    } else if (to_code(topic.error) == logic::ErrorCode::not_found
               || is_unauthorized(topic.error)
               || topic.error == RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION) {
      topic.state = DestinationTopic::State::refused;
    }
  }
}

} // namespace millrace::adapters::kafka
