#include "adapters/kafka/admin_client.hpp"

#include <cstddef>
#include <utility>

namespace millrace::adapters::kafka {

namespace {

constexpr std::size_t text_bytes = 512;
constexpr int grace_ms = 500;

} // namespace

logic::Result<void> AdminClient::open(const KafkaConfig& config) {
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

logic::Result<MetadataPtr>
AdminClient::metadata(const std::string* topic, std::string_view attempted,
                      std::chrono::milliseconds deadline) {
  TopicPtr handle;
  if (topic != nullptr) {
    handle.reset(rd_kafka_topic_new(client_.get(), topic->c_str(), nullptr));
    if (!handle)
      return to_error(rd_kafka_last_error(), attempted);
  }
  const rd_kafka_metadata_t* found = nullptr;
  const auto error = rd_kafka_metadata(client_.get(), topic == nullptr ? 1 : 0,
                                       handle.get(), &found,
                                       to_timeout(deadline));
  MetadataPtr result{found};
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return explain(error, attempted);
  return result;
}

logic::Result<AdminClient::OptionsPtr>
AdminClient::make_options(rd_kafka_admin_op_t kind,
                          std::chrono::milliseconds deadline,
                          std::string_view attempted) {
  OptionsPtr options{rd_kafka_AdminOptions_new(client_.get(), kind)};
  std::array<char, text_bytes> text{};
  const int limit = to_timeout(deadline);
  if (const auto error = rd_kafka_AdminOptions_set_request_timeout(
        options.get(), limit, text.data(), text.size());
      error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return to_error(error, attempted, text.data());
  // Only orders have it: how long the brokers themselves may take.
  if (kind == RD_KAFKA_ADMIN_OP_CREATETOPICS
      || kind == RD_KAFKA_ADMIN_OP_CREATEPARTITIONS)
    if (const auto error = rd_kafka_AdminOptions_set_operation_timeout(
          options.get(), limit, text.data(), text.size());
        error != RD_KAFKA_RESP_ERR_NO_ERROR)
      return to_error(error, attempted, text.data());
  return options;
}

logic::Result<EventPtr> AdminClient::wait(std::chrono::milliseconds deadline,
                                          std::string_view attempted) {
  EventPtr event{
    rd_kafka_queue_poll(queue_.get(), to_timeout(deadline) + grace_ms)};
  if (!event)
    return explain(RD_KAFKA_RESP_ERR__TIMED_OUT, attempted);
  if (const auto error = rd_kafka_event_error(event.get());
      error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return explain(error, attempted, rd_kafka_event_error_string(event.get()));
  return event;
}

logic::Error AdminClient::explain(rd_kafka_resp_err_t error,
                                  std::string_view attempted,
                                  const char* detail) {
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

} // namespace millrace::adapters::kafka
