#include "adapters/kafka/topic_admin.hpp"

#include "adapters/kafka/client.hpp"
#include "adapters/kafka/topic_limits.hpp"
#include "adapters/kafka/topic_name.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace millrace::adapters::kafka {

namespace {

using MetadataPtr = Owned<const rd_kafka_metadata_t, rd_kafka_metadata_destroy>;
using NewTopicPtr = Owned<rd_kafka_NewTopic_t, rd_kafka_NewTopic_destroy>;
using NewPartitionsPtr
  = Owned<rd_kafka_NewPartitions_t, rd_kafka_NewPartitions_destroy>;
using OptionsPtr
  = Owned<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy>;

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

class TopicAdmin::State {
public:
  logic::Result<void> open(const KafkaConfig& config) {
    config_ = config;
    auto asked = config_;
    asked.client_id += "-admin";
    // A question must not create what it asks for.
    auto client = ClientSettings{asked}
                    .set("allow.auto.create.topics", std::string{"false"})
                    .events(RD_KAFKA_EVENT_ERROR)
                    .create(ClientRole::admin);
    if (!client)
      return client.error();
    client_ = *std::move(client);
    queue_.reset(rd_kafka_queue_new(client_.get()));
    events_.reset(rd_kafka_queue_get_main(client_.get()));
    return {};
  }

  logic::Result<MetadataPtr> metadata(const std::string* topic,
                                      std::string_view attempted,
                                      std::chrono::milliseconds deadline) {
    TopicPtr handle;
    if (topic != nullptr) {
      handle.reset(rd_kafka_topic_new(client_.get(), topic->c_str(), nullptr));
      if (!handle)
        return to_error(rd_kafka_last_error(), attempted);
    }
    const rd_kafka_metadata_t* found = nullptr;
    const auto error = rd_kafka_metadata(client_.get(),
                                         topic == nullptr ? 1 : 0, handle.get(),
                                         &found, to_timeout(deadline));
    MetadataPtr result{found};
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
      return explain(error, attempted);
    return result;
  }

  /// Runs one admin request and waits for its result.
  template <class Start>
  logic::Result<EventPtr> run(rd_kafka_admin_op_t kind,
                              std::chrono::milliseconds deadline,
                              std::string_view attempted, const Start& start) {
    OptionsPtr options{rd_kafka_AdminOptions_new(client_.get(), kind)};
    std::array<char, text_bytes> text{};
    const int limit = to_timeout(deadline);
    for (const auto set : {rd_kafka_AdminOptions_set_request_timeout,
                           rd_kafka_AdminOptions_set_operation_timeout})
      if (const auto error = set(options.get(), limit, text.data(),
                                 text.size());
          error != RD_KAFKA_RESP_ERR_NO_ERROR)
        return to_error(error, attempted, text.data());
    start(options.get());
    return wait(deadline, attempted);
  }

  /// Waits for the result of a request that was made.
  logic::Result<EventPtr> wait(std::chrono::milliseconds deadline,
                               std::string_view attempted) {
    EventPtr event{
      rd_kafka_queue_poll(queue_.get(), to_timeout(deadline) + grace_ms)};
    if (!event)
      return explain(RD_KAFKA_RESP_ERR__TIMED_OUT, attempted);
    if (const auto error = rd_kafka_event_error(event.get());
        error != RD_KAFKA_RESP_ERR_NO_ERROR)
      return explain(error, attempted,
                     rd_kafka_event_error_string(event.get()));
    return event;
  }

  rd_kafka_t* client() const noexcept { return client_.get(); }
  rd_kafka_queue_t* queue() const noexcept { return queue_.get(); }
  const KafkaConfig& config() const noexcept { return config_; }

private:
  static constexpr int grace_ms = 500;

  /// A time-out says little; what happened to the connections says more.
  logic::Error explain(rd_kafka_resp_err_t error, std::string_view attempted,
                       const char* detail = nullptr) {
    std::string last;
    while (EventPtr event{rd_kafka_queue_poll(events_.get(), 0)}) {
      const auto code = rd_kafka_event_error(event.get());
      if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
        continue;
      const char* words = rd_kafka_event_error_string(event.get());
      if (is_unauthorized(code))
        return to_error(code, attempted, words);
      last = without_timing(words);
      last += remedy(code, words);
    }
    auto result = to_error(error, attempted, detail == nullptr ? "" : detail);
    if (is_unreachable(error)) {
      result.code = logic::ErrorCode::unavailable;
      result.text += last_words_text(last);
    }
    return result;
  }

  KafkaConfig config_;
  ClientPtr client_;
  QueuePtr queue_;
  QueuePtr events_;
};

TopicAdmin::TopicAdmin(std::unique_ptr<State> state)
  : state_(std::move(state)) {}

TopicAdmin::~TopicAdmin() = default;

logic::Result<std::unique_ptr<TopicAdmin>>
TopicAdmin::open(const KafkaConfig& config) {
  auto state = std::make_unique<State>();
  if (auto opened = state->open(config); !opened)
    return opened.error();
  return std::unique_ptr<TopicAdmin>{new TopicAdmin{std::move(state)}};
}

logic::Result<void>
TopicAdmin::check_reachable(std::chrono::milliseconds deadline) {
  const auto& config = state_->config();
  if (!config.bootstrap_host.empty() || config.bootstrap_port != 0) {
    auto admin = open(health_check_config(config));
    if (!admin)
      return admin.error();
    return (*admin)->check_reachable(deadline);
  }
  auto found = state_->metadata(
    nullptr, "asking the brokers at " + config.bootstrap_servers, deadline);
  if (!found)
    return found.error();
  return {};
}

logic::Result<std::vector<TopicInfo>>
TopicAdmin::topics(std::chrono::milliseconds deadline) {
  auto found = state_->metadata(nullptr, "listing topics", deadline);
  if (!found)
    return found.error();
  std::vector<TopicInfo> result;
  for (int index = 0; index != (*found)->topic_cnt; ++index) {
    const auto& topic = (*found)->topics[index];
    if (!std::string_view{topic.topic}.starts_with("__"))
      result.push_back({topic.topic, topic.partition_cnt});
  }
  std::sort(
    result.begin(), result.end(),
    [](const auto& left, const auto& right) { return left.name < right.name; });
  return result;
}

logic::Result<TopicInfo> TopicAdmin::topic(const std::string& name,
                                           std::chrono::milliseconds deadline) {
  auto found = state_->metadata(&name, "looking up topic " + name, deadline);
  if (!found)
    return found.error();
  if ((*found)->topic_cnt != 1)
    return logic::Error{logic::ErrorCode::not_found, missing_topic_text(name)};
  const auto& topic = (*found)->topics[0];
  if (to_code(topic.err) == logic::ErrorCode::not_found)
    return logic::Error{logic::ErrorCode::not_found, missing_topic_text(name)};
  if (topic.err != RD_KAFKA_RESP_ERR_NO_ERROR)
    return to_error(topic.err, "looking up topic " + name);
  return TopicInfo{topic.topic, topic.partition_cnt};
}

logic::Result<TopicLimitsByName>
TopicAdmin::limits(std::span<const std::string> names,
                   std::chrono::milliseconds deadline) {
  ask_topic_limits(state_->client(), state_->queue(), names, deadline);
  auto event = state_->wait(deadline, "reading the topics' configuration");
  if (!event)
    return event.error();
  return read_topic_limits(event->get()).limits;
}

logic::Result<std::vector<std::string>>
TopicAdmin::create(std::span<const TopicSpec> specs,
                   std::chrono::milliseconds deadline) {
  auto present = topics(deadline);
  if (!present)
    return present.error();
  std::vector<std::string> created;
  std::vector<NewTopicPtr> topics;
  std::vector<rd_kafka_NewTopic_t*> raw;
  std::array<char, text_bytes> text{};
  for (const auto& spec : specs) {
    if (std::any_of(present->begin(), present->end(),
                    [&](const auto& each) { return each.name == spec.name; }))
      continue;
    topics.emplace_back(rd_kafka_NewTopic_new(spec.name.c_str(),
                                              spec.partitions, spec.replication,
                                              text.data(), text.size()));
    if (!topics.back())
      return logic::Error{logic::ErrorCode::invalid_argument,
                          "creating topic " + spec.name + ": " + text.data()};
    for (const auto& [name, value] : spec.settings)
      rd_kafka_NewTopic_set_config(topics.back().get(), name.c_str(),
                                   value.c_str());
    raw.push_back(topics.back().get());
  }
  if (raw.empty())
    return created;
  auto event = state_->run(
    RD_KAFKA_ADMIN_OP_CREATETOPICS, deadline, "creating topics",
    [&](const rd_kafka_AdminOptions_t* options) {
      rd_kafka_CreateTopics(state_->client(), raw.data(), raw.size(), options,
                            state_->queue());
    });
  if (!event)
    return event.error();
  std::size_t count = 0;
  const auto* results = rd_kafka_CreateTopics_result_topics(
    rd_kafka_event_CreateTopics_result(event->get()), &count);
  for (std::size_t index = 0; index != count; ++index) {
    const auto error = rd_kafka_topic_result_error(results[index]);
    const std::string name = rd_kafka_topic_result_name(results[index]);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
      created.push_back(name);
    else if (error != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
      const char* detail = rd_kafka_topic_result_error_string(results[index]);
      auto fault = to_error(error, "creating topic " + name,
                            detail == nullptr ? "" : detail);
      if (error == RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR)
        fault.text += replication_remedy(name, specs, deadline);
      return fault;
    }
  }
  return created;
}

std::string TopicAdmin::replication_remedy(const std::string& topic,
                                           std::span<const TopicSpec> specs,
                                           std::chrono::milliseconds deadline) {
  const auto spec = std::find_if(
    specs.begin(), specs.end(),
    [&topic](const TopicSpec& each) { return each.name == topic; });
  const auto found = state_->metadata(nullptr, "counting brokers", deadline);
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
                             std::chrono::milliseconds deadline) {
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
  auto event = state_->run(
    RD_KAFKA_ADMIN_OP_CREATEPARTITIONS, deadline, attempted,
    [&](const rd_kafka_AdminOptions_t* options) {
      rd_kafka_CreatePartitions(state_->client(), &raw, 1, options,
                                state_->queue());
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
  const char* detail = rd_kafka_topic_result_error_string(results[0]);
  return to_error(error, attempted, detail == nullptr ? "" : detail);
}

} // namespace millrace::adapters::kafka
