#include "adapters/kafka/topic_reader.hpp"

#include "adapters/kafka/client.hpp"
#include "adapters/kafka/message_fields.hpp"
#include "adapters/kafka/offset_query.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <vector>

namespace millrace::adapters::kafka {

namespace {

using MetadataPtr = Owned<const rd_kafka_metadata_t, rd_kafka_metadata_destroy>;

constexpr std::size_t pull_records = 1'000;
constexpr std::chrono::milliseconds poll_step{100};

/// Fetching of some partitions, stopped at the end of the scope.
class Fetching {
public:
  explicit Fetching(rd_kafka_topic_t* topic) : topic_(topic) {}
  Fetching(const Fetching&) = delete;
  Fetching& operator=(const Fetching&) = delete;
  ~Fetching() {
    for (const auto& [partition, high] : ends_)
      rd_kafka_consume_stop(topic_, partition);
  }

  bool start(const PartitionExtent& range, rd_kafka_queue_t* queue) {
    if (rd_kafka_consume_start_queue(topic_, range.partition.value,
                                     range.low.value, queue)
        == -1)
      return false;
    ends_[range.partition.value] = range.high.value;
    return true;
  }

  bool done() const noexcept { return ends_.empty(); }

  /// Whether the offset still belongs to its range.
  bool wants(std::int32_t partition, std::int64_t offset) const {
    const auto end = ends_.find(partition);
    return end != ends_.end() && offset < end->second;
  }

  /// Everything before `next` was seen.
  void advance(std::int32_t partition, std::int64_t next) {
    const auto end = ends_.find(partition);
    if (end == ends_.end() || next < end->second)
      return;
    ends_.erase(end);
    rd_kafka_consume_stop(topic_, partition);
  }

private:
  rd_kafka_topic_t* topic_;
  std::map<std::int32_t, std::int64_t> ends_;
};

} // namespace

class TopicReader::State {
public:
  logic::Result<void> open(const KafkaConfig& config) {
    auto asked = config;
    asked.client_id += "-reader";
    ClientSettings settings{asked};
    settings.set("enable.partition.eof", std::string{"true"})
      .set("auto.offset.reset", std::string{"error"})
      .set("allow.auto.create.topics", std::string{"false"})
      .set("fetch.wait.max.ms", config.fetch_wait.count())
      .set("fetch.queue.backoff.ms", 20)
      .set("queued.max.messages.kbytes", 16'384)
      .events(RD_KAFKA_EVENT_ERROR);
    auto client = settings.create(ClientRole::consumer);
    if (!client)
      return client.error();
    client_ = *std::move(client);
    return {};
  }

  logic::Result<TopicExtent> extent(const std::string& topic,
                                    std::chrono::milliseconds deadline);
  logic::Result<std::uint64_t>
  read(const std::string& topic, std::span<const PartitionExtent> ranges,
       const RecordVisitor& visit, std::chrono::milliseconds stall_limit,
       const StopAsked& stop_asked);

private:
  /// Whether to read on; an error ends the reading.
  logic::Result<bool> take(const rd_kafka_message_t& message,
                           Fetching& fetching, const RecordVisitor& visit,
                           std::uint64_t& count);

  ClientPtr client_;
  std::string headers_; ///< scratch
};

logic::Result<TopicExtent>
TopicReader::State::extent(const std::string& topic,
                           std::chrono::milliseconds deadline) {
  const std::string attempted = "asking for the offsets of topic " + topic;
  const auto until = std::chrono::steady_clock::now() + deadline;
  const auto left = [until] {
    return to_timeout(std::chrono::duration_cast<std::chrono::milliseconds>(
      until - std::chrono::steady_clock::now()));
  };
  const TopicPtr handle{
    rd_kafka_topic_new(client_.get(), topic.c_str(), nullptr)};
  if (!handle)
    return to_error(rd_kafka_last_error(), attempted);
  const rd_kafka_metadata_t* found = nullptr;
  auto error = rd_kafka_metadata(client_.get(), 0, handle.get(), &found,
                                 left());
  const MetadataPtr metadata{found};
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR && metadata->topic_cnt == 1)
    error = metadata->topics[0].err;
  if (to_code(error) == logic::ErrorCode::not_found)
    return logic::Error{logic::ErrorCode::not_found, missing_topic_text(topic)};
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return to_error(error, attempted);
  // Of all at once: one after the other they would take a round trip each.
  std::vector<logic::PartitionId> partitions;
  for (int index = 0; index != metadata->topics[0].partition_cnt; ++index)
    partitions.emplace_back(metadata->topics[0].partitions[index].id);
  std::ranges::sort(partitions);
  const QueuePtr queue{rd_kafka_queue_new(client_.get())};
  std::map<logic::PartitionId, logic::LogExtent> found_extents;
  error = OffsetQuery{client_.get(), queue.get(), topic}.ask_and_wait(
    partitions, std::chrono::milliseconds{left()}, found_extents);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return to_error(error, attempted);
  TopicExtent extent;
  for (const auto& [partition, log] : found_extents)
    extent.push_back({partition, log.low, log.high});
  return extent;
}

logic::Result<std::uint64_t>
TopicReader::State::read(const std::string& topic,
                         std::span<const PartitionExtent> ranges,
                         const RecordVisitor& visit,
                         std::chrono::milliseconds stall_limit,
                         const StopAsked& stop_asked) {
  using std::chrono::steady_clock;
  const std::string attempted = "reading topic " + topic;
  const TopicPtr handle{
    rd_kafka_topic_new(client_.get(), topic.c_str(), nullptr)};
  if (!handle)
    return to_error(rd_kafka_last_error(), attempted);
  const QueuePtr queue{rd_kafka_queue_new(client_.get())};
  Fetching fetching{handle.get()};
  for (const auto& range : ranges)
    if (range.low < range.high && !fetching.start(range, queue.get()))
      return to_error(rd_kafka_last_error(), attempted);
  std::array<rd_kafka_message_t*, pull_records> pulled{};
  std::uint64_t visited = 0;
  std::optional<logic::Error> fault;
  bool wanted = true;
  auto last = steady_clock::now();
  while (wanted && !fault && !fetching.done()) {
    const auto step = std::min(stall_limit, poll_step);
    const auto count = rd_kafka_consume_batch_queue(
      queue.get(), to_timeout(step), pulled.data(), pulled.size());
    for (ssize_t index = 0; index < count; ++index) {
      const MessagePtr message{pulled[static_cast<std::size_t>(index)]};
      if (fault || !wanted)
        continue;
      auto outcome = take(*message, fetching, visit, visited);
      if (!outcome)
        fault = outcome.error();
      else
        wanted = *outcome;
      last = steady_clock::now();
    }
    if (stop_asked && stop_asked())
      wanted = false;
    else if (count <= 0 && steady_clock::now() - last >= stall_limit)
      fault = logic::Error{logic::ErrorCode::timed_out,
                           attempted + ": nothing came for "
                             + std::to_string(stall_limit.count()) + " ms"};
  }
  if (fault)
    return *fault;
  return visited;
}

logic::Result<bool>
TopicReader::State::take(const rd_kafka_message_t& message, Fetching& fetching,
                         const RecordVisitor& visit, std::uint64_t& count) {
  const auto partition = message.partition;
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    fetching.advance(partition, message.offset);
    return true;
  }
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (is_unreachable(message.err))
      return true; // it is tried again until the stall limit
    return to_error(message.err,
                    std::string{"reading "} + rd_kafka_topic_name(message.rkt)
                      + "[" + std::to_string(partition) + "]",
                    rd_kafka_message_errstr(&message));
  }
  if (!fetching.wants(partition, message.offset)) {
    fetching.advance(partition, message.offset);
    return true;
  }
  ++count;
  const bool more = visit(logic::PartitionId{partition},
                          to_record(message, headers_));
  fetching.advance(partition, message.offset + 1);
  return more;
}

TopicReader::TopicReader(std::unique_ptr<State> state)
  : state_(std::move(state)) {}

TopicReader::~TopicReader() = default;

logic::Result<std::unique_ptr<TopicReader>>
TopicReader::open(const KafkaConfig& config) {
  auto state = std::make_unique<State>();
  if (auto opened = state->open(config); !opened)
    return opened.error();
  return std::unique_ptr<TopicReader>{new TopicReader{std::move(state)}};
}

logic::Result<TopicExtent>
TopicReader::extent(const std::string& topic,
                    std::chrono::milliseconds deadline) {
  return state_->extent(topic, deadline);
}

logic::Result<std::uint64_t>
TopicReader::read(const std::string& topic,
                  std::span<const PartitionExtent> ranges,
                  const RecordVisitor& visit,
                  std::chrono::milliseconds stall_limit,
                  const StopAsked& stop_asked) {
  return state_->read(topic, ranges, visit, stall_limit, stop_asked);
}

} // namespace millrace::adapters::kafka
