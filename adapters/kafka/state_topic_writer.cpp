#include "adapters/kafka/state_topic_writer.hpp"

#include "adapters/kafka/message_fields.hpp"
#include "adapters/kafka/state_topic_setup.hpp"
#include "logic/records/record_headers.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace millrace::adapters::kafka {

namespace {

constexpr int queue_kbytes = 16'384;
constexpr std::int64_t envelope_bytes = 1'024;

std::size_t size_of(const StateTopicEntry& entry) noexcept {
  return entry.key.size() + (entry.value ? entry.value->size() : 0);
}

void* to_opaque(std::uint64_t delivery) noexcept {
  return reinterpret_cast<void*>(static_cast<std::uintptr_t>(delivery));
}

std::uint64_t to_delivery(const rd_kafka_message_t& message) noexcept {
  return reinterpret_cast<std::uintptr_t>(message._private);
}

} // namespace

logic::Result<void>
StateTopicWriter::open(const KafkaConfig& config,
                       const StateTopicParameters& parameters) {
  config_ = config;
  parameters_ = parameters;
  return reopen();
}

logic::Result<void> StateTopicWriter::reopen() {
  for (auto& [number, delivery] : std::exchange(under_way_, {}))
    written_.push_back(
      {delivery.write, -1,
       logic::Error{logic::ErrorCode::fatal_client,
                    "writing to topic " + parameters_.topic
                      + ": the Kafka client failed for good"}});
  waiting_.clear();
  unconfirmed_bytes_ = 0;
  topic_.reset();
  queue_.reset();
  client_.reset();
  auto asked = config_;
  asked.client_id += "-state";
  ClientSettings settings{asked};
  settings.set("enable.idempotence", std::string{"true"})
    .set("acks", std::string{"all"})
    .set("allow.auto.create.topics", std::string{"false"})
    .set("compression.type", config_.compression)
    .set("linger.ms", 1)
    .set("message.max.bytes",
         static_cast<std::int64_t>(parameters_.max_record_bytes)
           + envelope_bytes)
    .set("delivery.timeout.ms", parameters_.delivery_timeout.count())
    .set("queue.buffering.max.kbytes", queue_kbytes)
    .events(RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
  auto client = settings.create(ClientRole::producer);
  if (!client)
    return client.error();
  client_ = *std::move(client);
  queue_.reset(rd_kafka_queue_get_main(client_.get()));
  topic_.reset(
    rd_kafka_topic_new(client_.get(), parameters_.topic.c_str(), nullptr));
  if (!topic_)
    return to_error(rd_kafka_last_error(),
                    "preparing to write to topic " + parameters_.topic);
  return {};
}

void StateTopicWriter::write(const StateWrite& write,
                             std::vector<StateTopicEntry> entries) {
  if (entries.empty()) {
    written_.push_back({write, -1, {}});
    return;
  }
  const auto number = next_delivery_++;
  under_way_[number] = {write, entries.size(), -1, std::nullopt};
  for (auto& entry : entries) {
    unconfirmed_bytes_ += size_of(entry);
    waiting_.push_back({number, std::move(entry)});
  }
  pump();
}

void StateTopicWriter::pump() {
  std::string headers;
  while (client_ && !waiting_.empty()) {
    auto& [number, entry] = waiting_.front();
    const auto& write = under_way_.at(number).write;
    headers.clear();
    if (write.generation != 0) {
      const auto text = std::to_string(write.generation);
      logic::append_header(headers, generation_header, text);
    }
    const auto error = produce(
      client_.get(),
      {.topic = topic_.get(),
       .partition = static_cast<std::int32_t>(write.shard),
       .flags = RD_KAFKA_MSG_F_COPY,
       .key = entry.key,
       .value = entry.value ? std::optional<std::string_view>{*entry.value}
                            : std::nullopt,
       .headers = headers,
       .opaque = to_opaque(number)});
    if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL)
      return;
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
      finish_one(number, size_of(entry),
                 to_state_topic_error(parameters_, error, "writing to", {}),
                 -1);
    waiting_.pop_front();
  }
}

void StateTopicWriter::serve(std::vector<EventPtr>& errors,
                             std::chrono::milliseconds wait) {
  if (!client_)
    return;
  int timeout_ms = to_timeout(wait);
  while (EventPtr event{rd_kafka_queue_poll(queue_.get(), timeout_ms)}) {
    timeout_ms = 0;
    if (rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_DR) {
      errors.push_back(std::move(event));
      continue;
    }
    while (const auto* message = rd_kafka_event_message_next(event.get()))
      on_report(*message);
  }
  pump();
}

void StateTopicWriter::on_report(const rd_kafka_message_t& message) {
  std::optional<logic::Error> error;
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* words = rd_kafka_message_produce_errstr(&message);
    error = to_state_topic_error(parameters_, message.err, "writing to",
                                 words == nullptr ? "" : words);
  }
  finish_one(to_delivery(message), message.key_len + message.len,
             std::move(error), message.offset);
}

void StateTopicWriter::finish_one(std::uint64_t delivery, std::size_t bytes,
                                  std::optional<logic::Error> error,
                                  std::int64_t offset) {
  const auto entry = under_way_.find(delivery);
  if (entry == under_way_.end())
    return;
  unconfirmed_bytes_ -= std::min(bytes, unconfirmed_bytes_);
  auto& found = entry->second;
  if (error && !found.error)
    found.error = std::move(error);
  found.last_offset = std::max(found.last_offset, offset);
  if (--found.outstanding != 0)
    return;
  logic::Result<void> outcome;
  if (found.error)
    outcome = *std::move(found.error);
  written_.push_back({found.write, found.last_offset, std::move(outcome)});
  under_way_.erase(entry);
}

std::vector<StateWritten> StateTopicWriter::take_written() {
  return std::exchange(written_, {});
}

bool StateTopicWriter::failed() const {
  std::array<char, 1> text{};
  return !client_
         || rd_kafka_fatal_error(client_.get(), text.data(), text.size())
              != RD_KAFKA_RESP_ERR_NO_ERROR;
}

void StateTopicWriter::drop_waiting() {
  for (const auto& each : std::exchange(waiting_, {}))
    finish_one(each.delivery, size_of(each.entry),
               logic::Error{logic::ErrorCode::fenced,
                            "writing to topic " + parameters_.topic
                              + ": the shard belongs to another node"},
               -1);
  if (client_)
    rd_kafka_purge(client_.get(),
                   RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_NON_BLOCKING);
}

} // namespace millrace::adapters::kafka
