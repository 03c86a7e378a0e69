#include "node/dead_letters/replay_sender.hpp"

#include "node/dead_letters/dead_letter_topic.hpp"

#include <algorithm>
#include <utility>

namespace millrace::node {

namespace {

using adapters::kafka::KafkaConfig;
using adapters::kafka::TopicWriter;
using logic::DeliveryFault;
using logic::Error;
using logic::ErrorCode;
using logic::Result;
using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds poll_step{50};
/// For what is under way when somebody asks to stop.
constexpr std::chrono::seconds grace{10};
/// Of the batch around a record.
constexpr std::uint64_t room_bytes = 1'024;
/// librdkafka's least and most for one record.
constexpr std::uint64_t most_message_bytes = 1'000'000'000;

/// Whether it is the record's own, so that others may go on without it.
bool is_refusal(DeliveryFault fault) noexcept {
  return fault == DeliveryFault::record || fault == DeliveryFault::too_large
         || fault == DeliveryFault::timestamp;
}

} // namespace

Result<std::unique_ptr<ReplaySender>>
ReplaySender::open(const KafkaConfig& kafka, const ReplayTargets& targets,
                   std::chrono::milliseconds patience, Done done) {
  std::unique_ptr<ReplaySender> sender{
    new ReplaySender{patience, std::move(done)}};
  for (const auto& [name, wanted] : targets) {
    auto asked = kafka;
    // What the topic took once must not fail here already.
    asked.max_message.bytes = std::min(
      most_message_bytes,
      std::max<std::uint64_t>(asked.max_message.bytes,
                              wanted.largest_bytes + room_bytes));
    auto writer = TopicWriter::open(
      asked, name,
      {.max_queued_records = 2 * window_records,
       .max_queued_bytes = 2 * window_bytes + 2 * wanted.largest_bytes,
       .reports = true});
    if (!writer)
      return writer.error();
    sender->targets_.emplace(
      name, Target{std::move(*writer), name, wanted.partitions});
  }
  return sender;
}

void ReplaySender::send(const logic::DeadLetter& letter,
                        std::string_view topic) {
  auto& target = targets_.find(topic)->second;
  const bool back = letter.note->note.source.topic == topic;
  UnderWay record;
  record.target = &target;
  record.partition = letter.partition;
  record.offset = letter.record.offset;
  record.to = destination_partition(letter, back, target.partitions);
  record.record = to_replayed(letter);
  bytes_ += record.record.bytes();
  window_.push_back(std::move(record));
  ++counts_.sent;
  write(window_.size() - 1);
}

bool ReplaySender::is_full() const noexcept {
  return window_.size() >= window_records || bytes_ >= window_bytes;
}

void ReplaySender::write(std::size_t index) {
  auto& record = window_[index];
  record.fault.reset();
  auto& writer = *record.target->writer;
  const adapters::kafka::TopicRecord outgoing{
    .partition = record.to,
    .key = record.record.key,
    .value = record.record.value,
    .headers = record.record.headers,
    .timestamp_ms = record.record.timestamp_ms,
    .token = index};
  while (!writer.write(outgoing))
    writer.poll(poll_step);
}

void ReplaySender::finish(UnderWay& record) {
  record.done = true;
  const bool delivered = !record.fault;
  ++(delivered ? counts_.delivered : counts_.refused);
  done_(record.partition, record.offset,
        delivered ? std::string{} : record.error);
}

/// What there is to say where nothing is confirmed.
Error ReplaySender::silence(std::size_t expected) const {
  std::string last = "; is it still there?";
  for (const auto& [name, target] : targets_)
    if (const auto& error = target.writer->counts().last_error; !error.empty())
      last = "; last: " + error;
  return {ErrorCode::timed_out,
          std::to_string(expected) + " records that were sent to "
            + targets_.begin()->first
            + (targets_.size() == 1 ? "" : " and other topics")
            + " were not confirmed within " + std::to_string(patience_.count())
            + " ms (--patience)" + last};
}

/// Takes in so many reports.
Result<void> ReplaySender::await(std::size_t expected, const StopWaiter& stop) {
  std::optional<SteadyClock::time_point> until;
  auto heard = SteadyClock::now();
  while (expected != 0) {
    bool waiting = false;
    for (auto& [name, target] : targets_) {
      waiting = waiting || target.writer->queued_records() != 0;
      if (target.writer->queued_records() != 0)
        target.writer->poll(poll_step);
      for (auto& report : target.writer->take_reports()) {
        auto& record = window_[report.token];
        record.fault = report.fault;
        record.error = std::move(report.error);
        --expected;
        heard = SteadyClock::now();
        if (!record.fault)
          finish(record);
      }
    }
    if (!waiting && expected != 0)
      return Error{ErrorCode::unavailable, "the Kafka client lost reports of "
                                             + std::to_string(expected)
                                             + " records that were sent"};
    if (expected != 0 && SteadyClock::now() - heard >= patience_)
      return silence(expected);
    if (!until && stop(std::chrono::microseconds{0}))
      until = SteadyClock::now() + grace;
    if (until && SteadyClock::now() >= *until && expected != 0)
      return Error{ErrorCode::timed_out,
                   std::to_string(expected)
                     + " records that were sent are not confirmed"};
  }
  return {};
}

/// Alone, so that a refusal means just this record.
Result<void> ReplaySender::send_again(std::size_t index,
                                      const StopWaiter& stop) {
  auto& record = window_[index];
  const auto try_once = [&]() -> Result<void> {
    write(index);
    return await(1, stop);
  };
  if (auto tried = try_once(); !tried)
    return tried;
  if (record.fault == DeliveryFault::timestamp) {
    record.record.timestamp_ms = -1;
    if (auto tried = try_once(); !tried)
      return tried;
    counts_.retimed += record.done ? 1 : 0;
  }
  if (record.fault && is_refusal(*record.fault))
    finish(record);
  return {};
}

Result<void> ReplaySender::settle(const StopWaiter& stop) {
  if (auto all = await(window_.size(), stop); !all)
    return all;
  for (std::size_t index = 0; index != window_.size(); ++index) {
    const auto& record = window_[index];
    if (!record.done && is_refusal(*record.fault))
      if (auto again = send_again(index, stop); !again)
        return again;
    if (!record.done)
      return with_right(
        {record.error.find("AUTHORIZATION_FAILED") == std::string::npos
           ? ErrorCode::unavailable
           : ErrorCode::unauthorized,
         record.error},
        "writing to topic " + record.target->name,
        "--operation Write --topic " + record.target->name);
  }
  window_.clear();
  bytes_ = 0;
  return {};
}

} // namespace millrace::node
