#include "adapters/kafka/user_rights.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <thread>
#include <utility>

namespace millrace::adapters::kafka {

namespace {

using OptionsPtr
  = Owned<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy>;
using CollectionPtr
  = Owned<rd_kafka_TopicCollection_t, rd_kafka_TopicCollection_destroy>;
using ResourcePtr
  = Owned<rd_kafka_ConfigResource_t, rd_kafka_ConfigResource_destroy>;
using MetadataPtr = Owned<const rd_kafka_metadata_t, rd_kafka_metadata_destroy>;
using Operations = std::span<const rd_kafka_AclOperation_t>;

constexpr std::size_t text_bytes = 512;
constexpr int grace_ms = 500;

/// An empty list comes from brokers that do not tell.
bool allowed(Operations operations, rd_kafka_AclOperation_t wanted) {
  return operations.empty()
         || std::ranges::find(operations, wanted) != operations.end();
}

/// Brokers that know no such question refuse nothing.
logic::Result<void> unless_unsupported(const logic::Error& error) {
  if (error.code == logic::ErrorCode::unsupported)
    return {};
  return error;
}

logic::Result<void>
verdict(const rd_kafka_error_t* error, Operations operations,
        rd_kafka_AclOperation_t wanted, rd_kafka_resp_err_t refusal,
        const std::string& attempted) {
  if (const auto code = rd_kafka_error_code(error);
      code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return unless_unsupported(to_error(code, attempted));
  if (!allowed(operations, wanted))
    return to_error(refusal, attempted);
  return {};
}

/// Brokers that have just started, or whose groups were never used, take a
/// moment to agree on who coordinates one.
bool is_settling(rd_kafka_event_t* event) {
  std::size_t count = 0;
  const auto* const* found = rd_kafka_DescribeConsumerGroups_result_groups(
    rd_kafka_event_DescribeConsumerGroups_result(event), &count);
  if (count != 1)
    return false;
  switch (
    rd_kafka_error_code(rd_kafka_ConsumerGroupDescription_error(found[0]))) {
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
      return true;
    default:
      return false;
  }
}

std::optional<std::chrono::milliseconds> to_duration(const char* text) {
  std::int64_t number = 0;
  const std::string_view value{text == nullptr ? "" : text};
  const auto [end, problem] = std::from_chars(
    value.data(), value.data() + value.size(), number);
  if (problem != std::errc{} || end != value.data() + value.size())
    return std::nullopt;
  return std::chrono::milliseconds{number};
}

} // namespace

logic::Result<std::unique_ptr<UserRights>>
UserRights::open(const KafkaConfig& config) {
  auto asking = config;
  asking.client_id += "-admin";
  auto client = ClientSettings{asking}
                  .set("allow.auto.create.topics", std::string{"false"})
                  .create(ClientRole::admin);
  if (!client)
    return client.error();
  return std::unique_ptr<UserRights>{new UserRights{*std::move(client)}};
}

UserRights::UserRights(ClientPtr client)
  : client_(std::move(client)), queue_(rd_kafka_queue_new(client_.get())) {}

template <class Ask>
logic::Result<EventPtr>
UserRights::answer(rd_kafka_admin_op_t kind, const std::string& attempted,
                   std::chrono::milliseconds deadline, const Ask& ask) {
  const OptionsPtr options{rd_kafka_AdminOptions_new(client_.get(), kind)};
  std::array<char, text_bytes> text{};
  if (const auto error = rd_kafka_AdminOptions_set_request_timeout(
        options.get(), to_timeout(deadline), text.data(), text.size());
      error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return to_error(error, attempted, text.data());
  if (kind != RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS)
    if (const ErrorPtr error{
          rd_kafka_AdminOptions_set_include_authorized_operations(options.get(),
                                                                  1)})
      return to_error(rd_kafka_error_code(error.get()), attempted);
  ask(options.get());
  EventPtr event{
    rd_kafka_queue_poll(queue_.get(), to_timeout(deadline) + grace_ms)};
  const auto error = event ? rd_kafka_event_error(event.get())
                           : RD_KAFKA_RESP_ERR__TIMED_OUT;
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return to_error(error, attempted);
  return event;
}

logic::Result<void>
UserRights::check_topic(const std::string& topic, Use use,
                        std::chrono::milliseconds deadline) {
  const bool reads = use == Use::read;
  const auto attempted = (reads ? "reading " : "writing to ") + topic;
  std::array<const char*, 1> names{topic.c_str()};
  const CollectionPtr collection{
    rd_kafka_TopicCollection_of_topic_names(names.data(), names.size())};
  const auto event = answer(
    RD_KAFKA_ADMIN_OP_DESCRIBETOPICS, attempted, deadline,
    [&](const rd_kafka_AdminOptions_t* options) {
      rd_kafka_DescribeTopics(client_.get(), collection.get(), options,
                              queue_.get());
    });
  if (!event)
    return unless_unsupported(event.error());
  std::size_t count = 0;
  const auto* const* found = rd_kafka_DescribeTopics_result_topics(
    rd_kafka_event_DescribeTopics_result(event->get()), &count);
  if (count != 1)
    return {};
  std::size_t size = 0;
  const auto* operations = rd_kafka_TopicDescription_authorized_operations(
    found[0], &size);
  return verdict(rd_kafka_TopicDescription_error(found[0]), {operations, size},
                 reads ? RD_KAFKA_ACL_OPERATION_READ
                       : RD_KAFKA_ACL_OPERATION_WRITE,
                 RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, attempted);
}

logic::Result<EventPtr>
UserRights::describe_group(const std::string& group,
                           const std::string& attempted,
                           std::chrono::milliseconds deadline) {
  std::array<const char*, 1> names{group.c_str()};
  return answer(RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, attempted, deadline,
                [&](const rd_kafka_AdminOptions_t* options) {
                  rd_kafka_DescribeConsumerGroups(client_.get(), names.data(),
                                                  names.size(), options,
                                                  queue_.get());
                });
}

logic::Result<void>
UserRights::check_group(const std::string& group,
                        std::chrono::milliseconds deadline) {
  using Clock = std::chrono::steady_clock;
  const auto attempted = "reading in the group " + group;
  const auto until = Clock::now() + deadline;
  auto event = describe_group(group, attempted, deadline);
  while (event && is_settling(event->get()) && Clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
    event = describe_group(group, attempted, deadline);
  }
  if (!event)
    return unless_unsupported(event.error());
  std::size_t count = 0;
  const auto* const* found = rd_kafka_DescribeConsumerGroups_result_groups(
    rd_kafka_event_DescribeConsumerGroups_result(event->get()), &count);
  if (count != 1)
    return {};
  const auto* error = rd_kafka_ConsumerGroupDescription_error(found[0]);
  // It comes to be with its first member.
  if (rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND)
    error = nullptr;
  std::size_t size = 0;
  const auto* operations
    = rd_kafka_ConsumerGroupDescription_authorized_operations(found[0], &size);
  return verdict(error, {operations, size}, RD_KAFKA_ACL_OPERATION_READ,
                 RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, attempted);
}

std::optional<UserRights::SessionBounds>
UserRights::session_bounds(std::chrono::milliseconds deadline) {
  const rd_kafka_metadata_t* raw = nullptr;
  if (rd_kafka_metadata(client_.get(), 0, nullptr, &raw, to_timeout(deadline))
      != RD_KAFKA_RESP_ERR_NO_ERROR)
    return std::nullopt;
  const MetadataPtr metadata{raw};
  if (metadata->broker_cnt == 0)
    return std::nullopt;
  const ResourcePtr broker{rd_kafka_ConfigResource_new(
    RD_KAFKA_RESOURCE_BROKER, std::to_string(metadata->brokers[0].id).c_str())};
  auto* asked = broker.get();
  const auto event = answer(
    RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, "reading a broker's configuration",
    deadline, [&](const rd_kafka_AdminOptions_t* options) {
      rd_kafka_DescribeConfigs(client_.get(), &asked, 1, options, queue_.get());
    });
  if (!event)
    return std::nullopt;
  std::size_t count = 0;
  const auto* const* found = rd_kafka_DescribeConfigs_result_resources(
    rd_kafka_event_DescribeConfigs_result(event->get()), &count);
  std::optional<std::chrono::milliseconds> least;
  std::optional<std::chrono::milliseconds> most;
  std::size_t entries = 0;
  const auto* const* settings = count == 1 ? rd_kafka_ConfigResource_configs(
                                  found[0], &entries)
                                           : nullptr;
  for (std::size_t index = 0; index != entries; ++index) {
    const std::string_view name{rd_kafka_ConfigEntry_name(settings[index])};
    const auto* value = rd_kafka_ConfigEntry_value(settings[index]);
    if (name == "group.min.session.timeout.ms")
      least = to_duration(value);
    else if (name == "group.max.session.timeout.ms")
      most = to_duration(value);
  }
  if (!least || !most)
    return std::nullopt;
  return SessionBounds{*least, *most};
}

} // namespace millrace::adapters::kafka
