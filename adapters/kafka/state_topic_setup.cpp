#include "adapters/kafka/state_topic_setup.hpp"

#include "adapters/kafka/topic_limits.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace millrace::adapters::kafka {

namespace {

using OptionsPtr
  = Owned<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy>;
using CollectionPtr
  = Owned<rd_kafka_TopicCollection_t, rd_kafka_TopicCollection_destroy>;
using NewTopicPtr = Owned<rd_kafka_NewTopic_t, rd_kafka_NewTopic_destroy>;

constexpr std::chrono::milliseconds question_timeout{5'000};
constexpr std::chrono::seconds retry_interval{2};
constexpr std::size_t text_bytes = 512;
/// Of a record around key and value: lengths, header, batch.
constexpr std::size_t envelope_bytes = 1'024;

OptionsPtr make_options(rd_kafka_t* client, rd_kafka_admin_op_t kind) {
  OptionsPtr options{rd_kafka_AdminOptions_new(client, kind)};
  std::array<char, text_bytes> text{};
  rd_kafka_AdminOptions_set_request_timeout(
    options.get(), to_timeout(question_timeout), text.data(), text.size());
  return options;
}

std::string create_command(const StateTopicParameters& parameters) {
  auto text = "kafka-topics --create --topic " + parameters.topic
              + " --partitions " + std::to_string(parameters.shards);
  for (const auto& [name, value] : to_topic_spec(parameters).settings)
    text += " --config " + name + "=" + value;
  return text;
}

logic::Error refusal(const StateTopicParameters& parameters,
                     const std::string& what) {
  return {logic::ErrorCode::invalid_config,
          "topic " + parameters.topic
            + " cannot hold the detection's state: " + what};
}

} // namespace

StateTopicParameters to_state_topic_parameters(const KafkaConfig& config) {
  StateTopicParameters parameters;
  parameters.group = config.consumer_group + "-state";
  parameters.topic = parameters.group;
  return parameters;
}

TopicSpec to_topic_spec(const StateTopicParameters& parameters) {
  // Segments are small and compacted soon, since a takeover reads the whole
  // log. What is younger than a minute stays, which is what keeps a record
  // that a former owner displaces until the new one has moved it.
  constexpr std::int32_t replication_of_brokers = -1;
  return {.name = parameters.topic,
          .partitions = static_cast<std::int32_t>(parameters.shards),
          .replication = replication_of_brokers,
          .settings = {{"cleanup.policy", "compact"},
                       {"min.cleanable.dirty.ratio", "0.3"},
                       {"min.compaction.lag.ms", "60000"},
                       {"delete.retention.ms", "600000"},
                       {"segment.bytes", "8388608"},
                       {"segment.ms", "600000"}}};
}

logic::Result<void> check_state_topic(const StateTopicParameters& parameters,
                                      std::int32_t partitions,
                                      const TopicLimits& limits) {
  const auto shards = std::to_string(parameters.shards);
  const auto alter = "kafka-configs --alter --entity-type topics --entity-name "
                     + parameters.topic + " --add-config ";
  if (partitions < static_cast<std::int32_t>(parameters.shards))
    return refusal(parameters, "it has " + std::to_string(partitions)
                                 + " partitions and detection.shards is "
                                 + shards + "; raise it with kafka-topics "
                                 + "--alter --topic " + parameters.topic
                                 + " --partitions " + shards
                                 + ", or set detection.shards to "
                                 + std::to_string(partitions));
  if (partitions > static_cast<std::int32_t>(parameters.shards))
    return refusal(parameters, "it has " + std::to_string(partitions)
                                 + " partitions and detection.shards is "
                                 + shards + "; set detection.shards to "
                                 + std::to_string(partitions)
                                 + " on all nodes, or name another topic in "
                                   "detection.state_topic");
  if (limits.known && !limits.compacted)
    return refusal(parameters,
                   "its cleanup.policy is not compact, so that state would be "
                   "deleted by its age or never; set it with "
                     + alter + "cleanup.policy=compact");
  const auto needed = parameters.max_record_bytes + envelope_bytes;
  if (limits.known
      && limits.max_message_bytes < static_cast<std::int64_t>(needed))
    return refusal(parameters, "its max.message.bytes is "
                                 + std::to_string(limits.max_message_bytes)
                                 + ", a page of state needs "
                                 + std::to_string(needed) + "; raise it with "
                                 + alter + "max.message.bytes=1048588");
  return {};
}

logic::Result<std::string>
look_at_state_topic(TopicAdmin& admin, const StateTopicParameters& parameters,
                    std::chrono::milliseconds deadline) {
  // To ask for a topic by its name may create it.
  const auto topics = admin.topics(deadline);
  if (!topics)
    return topics.error();
  const auto found = std::find_if(
    topics->begin(), topics->end(),
    [&](const TopicInfo& topic) { return topic.name == parameters.topic; });
  if (found == topics->end()) {
    if (parameters.create)
      return std::string{"does not exist yet; will be created at the start"};
    return logic::Error{logic::ErrorCode::not_found,
                        "does not exist, or this user may not see it; create "
                        "it with "
                          + create_command(parameters)};
  }
  // Where this user may not ask, the best is assumed.
  TopicLimits known;
  if (const auto limits = admin.limits({&parameters.topic, 1}, deadline))
    if (const auto entry = limits->find(parameters.topic);
        entry != limits->end())
      known = entry->second;
  if (auto outcome = check_state_topic(parameters, found->partitions, known);
      !outcome)
    return outcome.error();
  return std::to_string(found->partitions) + " partitions, " + to_text(known);
}

logic::Error to_state_topic_error(const StateTopicParameters& parameters,
                                  rd_kafka_resp_err_t error,
                                  std::string_view attempted,
                                  std::string_view detail) {
  detail = without_timing(detail);
  std::string text{attempted};
  text += " topic " + parameters.topic + ": ";
  text += detail.empty() ? std::string{rd_kafka_err2str(error)}
                         : std::string{detail};
  text += std::string{" ("} + rd_kafka_err2name(error) + ")";
  const std::string acls = "; this user may not: let it with kafka-acls --add "
                           "--allow-principal User:<name> ";
  if (to_code(error) == logic::ErrorCode::not_found)
    text += "; create it with " + create_command(parameters);
  else if (error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
    text += acls
            + "--operation Read --operation Write --operation DescribeConfigs "
              "--topic "
            + parameters.topic;
  else if (error == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED)
    text += acls + "--operation Read --group " + parameters.group;
  else
    text += remedy(error, detail);
  return {to_code(error), std::move(text)};
}

void StateTopicSetup::begin(rd_kafka_t* client, rd_kafka_queue_t* queue) {
  client_ = client;
  queue_ = queue;
  if (step_ == Step::asking)
    return;
  step_ = Step::waiting;
  next_question_ = {};
  tick();
}

void StateTopicSetup::tick() {
  if (step_ == Step::waiting && Clock::now() >= next_question_)
    ask_topic();
}

void StateTopicSetup::ask_topic() {
  step_ = Step::asking;
  const char* name = parameters_.topic.c_str();
  const CollectionPtr collection{
    rd_kafka_TopicCollection_of_topic_names(&name, 1)};
  rd_kafka_DescribeTopics(
    client_, collection.get(),
    make_options(client_, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS).get(), queue_);
}

bool StateTopicSetup::on_event(rd_kafka_event_t* event) {
  switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_DESCRIBETOPICS_RESULT:
      on_topic(event);
      return true;
    case RD_KAFKA_EVENT_CREATETOPICS_RESULT:
      on_created(event);
      return true;
    case RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT:
      on_limits(event);
      return true;
    default:
      return false;
  }
}

void StateTopicSetup::fail(logic::Error error) {
  step_ = Step::waiting;
  next_question_ = Clock::now() + retry_interval;
  fault_ = std::move(error);
}

void StateTopicSetup::on_topic(rd_kafka_event_t* event) {
  auto error = rd_kafka_event_error(event);
  partitions_ = 0;
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
    std::size_t count = 0;
    const auto* const* topics = rd_kafka_DescribeTopics_result_topics(
      rd_kafka_event_DescribeTopics_result(event), &count);
    if (count != 1)
      return fail({logic::ErrorCode::unavailable,
                   "looking up topic " + parameters_.topic + ": no answer"});
    error = rd_kafka_error_code(rd_kafka_TopicDescription_error(topics[0]));
    std::size_t partitions = 0;
    rd_kafka_TopicDescription_partitions(topics[0], &partitions);
    partitions_ = static_cast<std::int32_t>(partitions);
  }
  if (to_code(error) == logic::ErrorCode::not_found && parameters_.create)
    return create();
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return fail(to_state_topic_error(parameters_, error, "looking up", {}));
  ask_topic_limits(client_, queue_, {&parameters_.topic, 1}, question_timeout);
}

void StateTopicSetup::create() {
  const auto spec = to_topic_spec(parameters_);
  std::array<char, text_bytes> text{};
  const NewTopicPtr topic{
    rd_kafka_NewTopic_new(spec.name.c_str(), spec.partitions, spec.replication,
                          text.data(), text.size())};
  if (!topic)
    return fail({logic::ErrorCode::invalid_argument,
                 "creating topic " + spec.name + ": " + text.data()});
  for (const auto& [name, value] : spec.settings)
    rd_kafka_NewTopic_set_config(topic.get(), name.c_str(), value.c_str());
  auto* raw = topic.get();
  rd_kafka_CreateTopics(
    client_, &raw, 1,
    make_options(client_, RD_KAFKA_ADMIN_OP_CREATETOPICS).get(), queue_);
}

void StateTopicSetup::on_created(rd_kafka_event_t* event) {
  auto error = rd_kafka_event_error(event);
  const char* detail = rd_kafka_event_error_string(event);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
    std::size_t count = 0;
    const auto* const* results = rd_kafka_CreateTopics_result_topics(
      rd_kafka_event_CreateTopics_result(event), &count);
    if (count == 1) {
      error = rd_kafka_topic_result_error(results[0]);
      detail = rd_kafka_topic_result_error_string(results[0]);
    }
  }
  // Another node was faster, or it is there now: look.
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR
      || error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
    step_ = Step::waiting;
    next_question_ = Clock::now() + std::chrono::milliseconds{100};
    return;
  }
  auto fault = to_state_topic_error(parameters_, error, "creating",
                                    detail == nullptr ? "" : detail);
  if (is_unauthorized(error))
    fault.text = "topic " + parameters_.topic
                 + " does not exist, and this user may not create topics ("
                 + rd_kafka_err2name(error) + "); create it with "
                 + create_command(parameters_);
  fail(std::move(fault));
}

void StateTopicSetup::on_limits(rd_kafka_event_t* event) {
  // Who may not ask assumes the best; what is wrong shows when it is used.
  const auto found = read_topic_limits(event).limits;
  const auto limits = found.find(parameters_.topic);
  const auto outcome = check_state_topic(
    parameters_, partitions_,
    limits == found.end() ? TopicLimits{} : limits->second);
  if (!outcome)
    return fail(outcome.error());
  step_ = Step::done;
}

} // namespace millrace::adapters::kafka
