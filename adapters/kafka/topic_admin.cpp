#include "adapters/kafka/topic_admin.hpp"

#include "adapters/kafka/admin_client.hpp"
#include "adapters/kafka/topic_limits.hpp"
#include "adapters/kafka/topic_name.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace millrace::adapters::kafka {

namespace {

using NewTopicPtr = Owned<rd_kafka_NewTopic_t, rd_kafka_NewTopic_destroy>;
using NewPartitionsPtr
  = Owned<rd_kafka_NewPartitions_t, rd_kafka_NewPartitions_destroy>;

constexpr std::int32_t max_partitions = 100'000;
constexpr std::int32_t max_replication = 32'767;
constexpr std::size_t text_bytes = 512;

bool read_number(std::string_view text, std::int32_t most,
                 std::int32_t& number) {
  const auto* end = text.data() + text.size();
  const auto [stop, fault] = std::from_chars(text.data(), end, number);
  return fault == std::errc{} && stop == end && number >= 1 && number <= most;
}

std::string_view take_field(std::string_view& text) {
  const auto colon = text.find(':');
  const auto field = text.substr(0, colon);
  text.remove_prefix(colon == std::string_view::npos ? text.size() : colon + 1);
  return field;
}

TopicInfo to_info(const rd_kafka_metadata_topic_t& topic) {
  TopicInfo info{topic.topic, topic.partition_cnt};
  if (topic.partition_cnt > 0)
    info.replication = topic.partitions[0].replica_cnt;
  return info;
}

void validate_only(rd_kafka_AdminOptions_t* options, OrderMode mode) {
  std::array<char, text_bytes> text{};
  if (mode == OrderMode::validate)
    rd_kafka_AdminOptions_set_validate_only(options, 1, text.data(),
                                            text.size());
}

/// As `to_error`, with what to do about an order that is refused.
logic::Error refusal(rd_kafka_resp_err_t error, const std::string& attempted,
                     const char* detail, const std::string& topic,
                     std::string_view operation) {
  const std::string_view words = detail == nullptr ? "" : detail;
  if (error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED
      || error == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED)
    return {logic::ErrorCode::unauthorized,
            attempted + ": this user may not (" + rd_kafka_err2name(error)
              + "); let it with kafka-acls --add "
              + "--allow-principal User:<name> --operation "
              + std::string{operation} + " --topic " + topic};
  return to_error(error, attempted, words);
}

} // namespace

logic::Result<TopicSpec> parse_topic_spec(std::string_view text) {
  const auto refuse = [text](std::string_view why) {
    return logic::Error{logic::ErrorCode::invalid_argument,
                        "topic \"" + std::string{text}
                          + "\": " + std::string{why}
                          + "; write name:partitions:replication"};
  };
  if (text.find_first_of(" \t\r\n;|") != std::string_view::npos)
    return refuse("it holds a blank, a semicolon or a bar; separate topics "
                  "with commas");
  TopicSpec spec;
  auto rest = text;
  const bool open_end = text.ends_with(':');
  spec.name = take_field(rest);
  if (!is_topic_name(spec.name))
    return refuse("the name must be 1 to 249 of a-z A-Z 0-9 . _ -");
  if (!rest.empty()
      && !read_number(take_field(rest), max_partitions, spec.partitions))
    return refuse("the number of partitions must be 1 to 100000");
  if (!rest.empty()
      && !read_number(take_field(rest), max_replication, spec.replication))
    return refuse("the replication factor must be 1 to 32767");
  if (!rest.empty() || open_end)
    return refuse("too many or empty fields");
  return spec;
}

logic::Result<std::vector<TopicSpec>>
parse_topic_specs(std::span<const std::string> texts) {
  std::vector<TopicSpec> specs;
  for (const auto& text : texts) {
    auto spec = parse_topic_spec(text);
    if (!spec)
      return spec.error();
    const auto before = std::ranges::find(specs, spec->name, &TopicSpec::name);
    if (before == specs.end())
      specs.push_back(*std::move(spec));
    else if (*before != *spec)
      return logic::Error{logic::ErrorCode::invalid_argument,
                          "topic \"" + text + "\": " + spec->name
                            + " is named before, with other numbers"};
  }
  return specs;
}

TopicAdmin::TopicAdmin(std::unique_ptr<AdminClient> client)
  : client_(std::move(client)) {}

TopicAdmin::~TopicAdmin() = default;

logic::Result<std::unique_ptr<TopicAdmin>>
TopicAdmin::open(const KafkaConfig& config) {
  auto client = std::make_unique<AdminClient>();
  if (auto opened = client->open(config); !opened)
    return opened.error();
  return std::unique_ptr<TopicAdmin>{new TopicAdmin{std::move(client)}};
}

logic::Result<void>
TopicAdmin::check_reachable(std::chrono::milliseconds deadline) {
  const auto& config = client_->config();
  if (!config.bootstrap_host.empty() || config.bootstrap_port != 0) {
    auto admin = open(health_check_config(config));
    if (!admin)
      return admin.error();
    return (*admin)->check_reachable(deadline);
  }
  auto found = client_->metadata(
    nullptr, "asking the brokers at " + config.bootstrap_servers, deadline);
  if (!found)
    return found.error();
  return {};
}

logic::Result<std::vector<TopicInfo>>
TopicAdmin::topics(std::chrono::milliseconds deadline) {
  auto found = client_->metadata(nullptr, "listing topics", deadline);
  if (!found)
    return found.error();
  std::vector<TopicInfo> result;
  for (int index = 0; index != (*found)->topic_cnt; ++index) {
    const auto& topic = (*found)->topics[index];
    if (!std::string_view{topic.topic}.starts_with("__"))
      result.push_back(to_info(topic));
  }
  std::sort(
    result.begin(), result.end(),
    [](const auto& left, const auto& right) { return left.name < right.name; });
  return result;
}

logic::Result<TopicInfo> TopicAdmin::topic(const std::string& name,
                                           std::chrono::milliseconds deadline) {
  auto found = client_->metadata(&name, "looking up topic " + name, deadline);
  if (!found)
    return found.error();
  if ((*found)->topic_cnt != 1)
    return logic::Error{logic::ErrorCode::not_found, missing_topic_text(name)};
  const auto& topic = (*found)->topics[0];
  if (to_code(topic.err) == logic::ErrorCode::not_found)
    return logic::Error{logic::ErrorCode::not_found, missing_topic_text(name)};
  if (topic.err != RD_KAFKA_RESP_ERR_NO_ERROR)
    return to_error(topic.err, "looking up topic " + name);
  return to_info(topic);
}

logic::Result<std::vector<TopicDescription>>
TopicAdmin::describe(std::span<const std::string> names,
                     std::chrono::milliseconds deadline) {
  return describe_topics(*client_, names, deadline);
}

logic::Result<TopicSettingsByName>
TopicAdmin::settings(std::span<const std::string> names,
                     std::chrono::milliseconds deadline) {
  return read_topic_settings(*client_, names, deadline);
}

logic::Result<ExtentsByPartition>
TopicAdmin::extents(const std::string& topic,
                    std::span<const logic::PartitionId> partitions,
                    std::chrono::milliseconds deadline) {
  return read_extents(*client_, topic, partitions, deadline);
}

logic::Result<TopicLimitsByName>
TopicAdmin::limits(std::span<const std::string> names,
                   std::chrono::milliseconds deadline) {
  ask_topic_limits(client_->client(), client_->queue(), names, deadline);
  auto event = client_->wait(deadline, "reading the topics' configuration");
  if (!event)
    return event.error();
  return read_topic_limits(event->get()).limits;
}

logic::Result<std::vector<std::string>>
TopicAdmin::create(std::span<const TopicSpec> specs,
                   std::chrono::milliseconds deadline) {
  auto outcomes = create_each(specs, deadline);
  if (!outcomes)
    return outcomes.error();
  std::vector<std::string> created;
  for (auto& outcome : *outcomes) {
    if (outcome.fault)
      return *std::move(outcome.fault);
    if (!outcome.existed)
      created.push_back(std::move(outcome.name));
  }
  return created;
}

logic::Result<std::vector<TopicOutcome>>
TopicAdmin::create_each(std::span<const TopicSpec> specs,
                        std::chrono::milliseconds deadline, OrderMode mode) {
  auto present = topics(deadline);
  if (!present)
    return present.error();
  std::vector<TopicOutcome> outcomes;
  std::vector<NewTopicPtr> wanted;
  std::vector<rd_kafka_NewTopic_t*> raw;
  std::array<char, text_bytes> text{};
  for (const auto& spec : specs) {
    if (std::ranges::find(*present, spec.name, &TopicInfo::name)
        != present->end()) {
      outcomes.push_back({spec.name, true, {}});
      continue;
    }
    wanted.emplace_back(rd_kafka_NewTopic_new(spec.name.c_str(),
                                              spec.partitions, spec.replication,
                                              text.data(), text.size()));
    if (!wanted.back())
      return logic::Error{logic::ErrorCode::invalid_argument,
                          "creating topic " + spec.name + ": " + text.data()};
    for (const auto& [name, value] : spec.settings)
      rd_kafka_NewTopic_set_config(wanted.back().get(), name.c_str(),
                                   value.c_str());
    raw.push_back(wanted.back().get());
  }
  if (raw.empty())
    return outcomes;
  auto event = client_->run(
    RD_KAFKA_ADMIN_OP_CREATETOPICS, deadline, "creating topics",
    [&](rd_kafka_AdminOptions_t* options) {
      validate_only(options, mode);
      rd_kafka_CreateTopics(client_->client(), raw.data(), raw.size(), options,
                            client_->queue());
    });
  if (!event)
    return event.error();
  std::size_t count = 0;
  const auto* results = rd_kafka_CreateTopics_result_topics(
    rd_kafka_event_CreateTopics_result(event->get()), &count);
  for (std::size_t index = 0; index != count; ++index)
    outcomes.push_back(outcome_of(results[index], specs, deadline));
  return outcomes;
}

TopicOutcome TopicAdmin::outcome_of(const void* answer,
                                    std::span<const TopicSpec> specs,
                                    std::chrono::milliseconds deadline) {
  const auto* result = static_cast<const rd_kafka_topic_result_t*>(answer);
  const auto error = rd_kafka_topic_result_error(result);
  TopicOutcome outcome{rd_kafka_topic_result_name(result),
                       error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS,
                       {}};
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR || outcome.existed)
    return outcome;
  outcome.fault = refusal(error, "creating topic " + outcome.name,
                          rd_kafka_topic_result_error_string(result),
                          outcome.name, "Create");
  if (error == RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR)
    outcome.fault->text += replication_remedy(outcome.name, specs, deadline);
  return outcome;
}

std::string TopicAdmin::replication_remedy(const std::string& topic,
                                           std::span<const TopicSpec> specs,
                                           std::chrono::milliseconds deadline) {
  const auto spec = std::find_if(
    specs.begin(), specs.end(),
    [&topic](const TopicSpec& each) { return each.name == topic; });
  const auto found = client_->metadata(nullptr, "counting brokers", deadline);
  if (spec == specs.end() || !found)
    return "; lower the replication in kafka.create_topics or add brokers";
  const auto brokers = (*found)->broker_cnt;
  return "; " + std::to_string(spec->replication) + " copies are asked of "
         + std::to_string(brokers) + (brokers == 1 ? " broker" : " brokers")
         + ": write " + topic + ":" + std::to_string(spec->partitions) + ":"
         + std::to_string(brokers)
         + " in kafka.create_topics (KAFKA_CREATE_TOPICS), or add brokers";
}

logic::Result<void>
TopicAdmin::raise_partitions(const std::string& name, std::int32_t partitions,
                             std::chrono::milliseconds deadline,
                             OrderMode mode) {
  const std::string attempted = "raising topic " + name + " to "
                                + std::to_string(partitions) + " partitions";
  std::array<char, text_bytes> text{};
  NewPartitionsPtr request{rd_kafka_NewPartitions_new(
    name.c_str(), static_cast<std::size_t>(std::max(partitions, 0)),
    text.data(), text.size())};
  if (!request)
    return logic::Error{logic::ErrorCode::invalid_argument,
                        attempted + ": " + text.data()};
  auto* raw = request.get();
  auto event = client_->run(RD_KAFKA_ADMIN_OP_CREATEPARTITIONS, deadline,
                            attempted, [&](rd_kafka_AdminOptions_t* options) {
                              validate_only(options, mode);
                              rd_kafka_CreatePartitions(client_->client(), &raw,
                                                        1, options,
                                                        client_->queue());
                            });
  if (!event)
    return event.error();
  std::size_t count = 0;
  const auto* results = rd_kafka_CreatePartitions_result_topics(
    rd_kafka_event_CreatePartitions_result(event->get()), &count);
  if (count != 1)
    return logic::Error{logic::ErrorCode::unavailable,
                        attempted + ": no answer for this topic"};
  const auto error = rd_kafka_topic_result_error(results[0]);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
    return {};
  if (to_code(error) == logic::ErrorCode::not_found)
    return logic::Error{logic::ErrorCode::not_found,
                        attempted + ": " + missing_topic_text(name)};
  return refusal(error, attempted,
                 rd_kafka_topic_result_error_string(results[0]), name, "Alter");
}

} // namespace millrace::adapters::kafka
