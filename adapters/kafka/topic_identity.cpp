#include "adapters/kafka/topic_identity.hpp"

#include <array>

namespace millrace::adapters::kafka {

namespace {

using OptionsPtr
  = Owned<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy>;
using CollectionPtr
  = Owned<rd_kafka_TopicCollection_t, rd_kafka_TopicCollection_destroy>;

/// What is read meanwhile of a topic made anew is read twice.
constexpr std::chrono::milliseconds interval{1'000};
constexpr int question_timeout_ms = 5'000;
constexpr std::size_t text_bytes = 512;

} // namespace

TopicIdentity::TopicIdentity(rd_kafka_t* client, rd_kafka_queue_t* queue,
                             std::string topic, TopicIdHistory& ids)
  : client_(client), queue_(queue), topic_(std::move(topic)), ids_(ids) {}

void TopicIdentity::tick() {
  if (!asking_ && Clock::now() >= next_question_)
    ask();
}

void TopicIdentity::ask() {
  next_question_ = Clock::now() + interval;
  const OptionsPtr options{
    rd_kafka_AdminOptions_new(client_, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS)};
  std::array<char, text_bytes> text{};
  if (rd_kafka_AdminOptions_set_request_timeout(
        options.get(), question_timeout_ms, text.data(), text.size())
      != RD_KAFKA_RESP_ERR_NO_ERROR)
    return;
  std::array<const char*, 1> names{topic_.c_str()};
  const CollectionPtr collection{
    rd_kafka_TopicCollection_of_topic_names(names.data(), names.size())};
  asking_ = true;
  rd_kafka_DescribeTopics(client_, collection.get(), options.get(), queue_);
}

bool TopicIdentity::on_event(rd_kafka_event_t* event) {
  if (rd_kafka_event_type(event) != RD_KAFKA_EVENT_DESCRIBETOPICS_RESULT)
    return false;
  asking_ = false;
  // Brokers that cannot be reached are the client's own event.
  const auto error = rd_kafka_event_error(event);
  if (error == RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE)
    ids_.give_up();
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return true;
  std::size_t count = 0;
  const auto* descriptions = rd_kafka_DescribeTopics_result_topics(
    rd_kafka_event_DescribeTopics_result(event), &count);
  for (std::size_t index = 0; index != count; ++index)
    changed_ |= ids_.learn(descriptions[index]);
  return true;
}

} // namespace millrace::adapters::kafka
