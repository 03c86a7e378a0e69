#include "adapters/kafka/state_topic_client.hpp"

#include <utility>

namespace millrace::adapters::kafka {

namespace {

using namespace logic::detection;

/// Written again at one time.
constexpr std::size_t move_bytes = 4U << 20U;
constexpr std::chrono::seconds retry_interval{1};
constexpr int max_move_passes = 10;

} // namespace

void StateTopic::on_loaded(HeldShard& shard) {
  shard.phase = Phase::owned;
  shard.base = shard.log->base();
  shard.move.begin(shard.log->take_foreign_entries());
  shard.superseded = shard.log->take_superseded();
  shard.log.reset();
  events_.emplace_back(ShardLoaded{shard.number});
  if (shard.move.done())
    settle(shard);
}

void StateTopic::settle(HeldShard& shard) {
  auto keys = std::exchange(shard.superseded, {});
  for (auto& key : shard.move.take_former_keys())
    keys.push_back(std::move(key));
  std::vector<StateTopicEntry> entries;
  entries.reserve(keys.size());
  for (auto& key : keys)
    entries.push_back({std::move(key), std::nullopt});
  if (!entries.empty())
    writer_.write(write_of(shard, StateWrite::Kind::removal),
                  std::move(entries));
  shard.settled = true;
}

void StateTopic::move_on(HeldShard& shard) {
  if (shard.phase != Phase::owned || shard.settled || shard.released
      || shard.move_passes < 0)
    return;
  if (shard.move.done())
    return settle(shard);
  if (!shard.moving) {
    if (!shard.move.reads() || Clock::now() < shard.retry_at)
      return;
    // What cannot be found is left to the next owner.
    if (++shard.move_passes > max_move_passes) {
      shard.move_passes = -1;
      return;
    }
    shard.moving = seek_to_beginning(shard);
    shard.at_end = false;
  }
  rd_kafka_message_t* pulled = nullptr;
  while (shard.moving && writer_.unconfirmed_bytes() < move_bytes
         && rd_kafka_consume_batch_queue(shard.queue.get(), 0, &pulled, 1)
              == 1) {
    const MessagePtr message{pulled};
    move_record(shard, *message);
  }
  if (!shard.moving)
    shard.retry_at = Clock::now() + retry_interval;
}

void StateTopic::move_record(HeldShard& shard,
                             const rd_kafka_message_t& message) {
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
    return;
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    shard.moving = false;
    return;
  }
  if (const auto* key = shard.move.take(message.offset)) {
    std::vector<StateTopicEntry> entries;
    entries.push_back(
      {to_state_key(shard.base, *key),
       std::string{static_cast<const char*>(message.payload), message.len}});
    writer_.write(write_of(shard, StateWrite::Kind::move,
                           static_cast<std::uint64_t>(message.offset)),
                  std::move(entries));
  }
  // All of it stands before this node's claim.
  if (!shard.move.reads()
      || static_cast<StateGeneration>(message.offset) + 1 >= shard.generation)
    shard.moving = false;
}

void StateTopic::pause_settled() {
  const PartitionListPtr list{
    rd_kafka_topic_partition_list_new(static_cast<int>(shards_.size()))};
  for (auto& [number, shard] : shards_)
    if (shard.settled && !std::exchange(shard.paused, true))
      rd_kafka_topic_partition_list_add(list.get(), parameters_.topic.c_str(),
                                        static_cast<std::int32_t>(number));
  if (list->cnt != 0)
    rd_kafka_pause_partitions(client_.get(), list.get());
}

} // namespace millrace::adapters::kafka
