#include "adapters/kafka/message_fields.hpp"
#include "adapters/kafka/state_topic_client.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace millrace::adapters::kafka {

namespace {

using namespace logic::detection;

/// Handed out at one look.
constexpr std::size_t look_bytes = 4U << 20U;
constexpr std::chrono::seconds retry_interval{1};
/// A claim that is confirmed and does not come: the log was cut off.
constexpr std::chrono::seconds patience{10};
/// Of a request inside of the client.
constexpr std::chrono::milliseconds seek_wait{100};

using GroupMetadataPtr = Owned<rd_kafka_consumer_group_metadata_t,
                               rd_kafka_consumer_group_metadata_destroy>;

std::optional<std::string_view> to_view(const void* bytes, std::size_t size) {
  if (bytes == nullptr)
    return std::nullopt;
  return std::string_view{static_cast<const char*>(bytes), size};
}

StateTopicMessage to_state_message(const rd_kafka_message_t& message) {
  StateTopicMessage result{message.offset,
                           to_view(message.key, message.key_len),
                           to_view(message.payload, message.len), 0};
  rd_kafka_headers_t* headers = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  if (rd_kafka_message_headers(&message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR
      && rd_kafka_header_get_last(headers, generation_header, &value, &size)
           == RD_KAFKA_RESP_ERR_NO_ERROR)
    if (const auto text = to_view(value, size))
      result.generation = parse_number(*text).value_or(0);
  return result;
}

} // namespace

HeldShard* StateTopic::find(std::uint32_t shard) {
  const auto entry = shards_.find(shard);
  return entry == shards_.end() ? nullptr : &entry->second;
}

StateWrite StateTopic::write_of(const HeldShard& shard, StateWrite::Kind kind,
                                std::uint64_t number) const {
  return {kind, shard.number, shard.assignment, number, shard.generation};
}

StateTopic::Membership StateTopic::membership() {
  const GroupMetadataPtr metadata{
    rd_kafka_consumer_group_metadata(client_.get())};
  if (!metadata)
    return {};
  const char* member = rd_kafka_consumer_group_metadata_member_id(
    metadata.get());
  return {member == nullptr ? "" : member,
          rd_kafka_consumer_group_metadata_generation_id(metadata.get())};
}

void StateTopic::serve_shards() {
  std::vector<EventPtr> errors;
  writer_.serve(errors, std::chrono::milliseconds{0});
  for (const auto& error : errors)
    on_error(error.get());
  if (writer_.failed()) {
    report({logic::ErrorCode::fatal_client,
            "writing to topic " + parameters_.topic
              + ": the Kafka client failed for good and is made anew"});
    if (auto opened = writer_.reopen(); !opened)
      report(opened.error());
    else
      connect(writer_.queue());
  }
  for (auto& written : writer_.take_written())
    on_written(written);
  std::size_t budget_bytes = look_bytes;
  bool taking_over = false;
  for (auto& [number, shard] : shards_) {
    if (shard.revoked)
      continue;
    if (shard.phase == Phase::claiming)
      claim(shard);
    else if (shard.phase == Phase::confirming)
      confirm(shard);
    else if (shard.phase == Phase::reading)
      read(shard, budget_bytes);
    taking_over = taking_over || shard.phase != Phase::owned;
  }
  // What is not pressing waits for what is.
  if (!taking_over)
    for (auto& [number, shard] : shards_)
      if (!shard.revoked)
        move_on(shard);
  pause_settled();
}

void StateTopic::claim(HeldShard& shard) {
  if (shard.claim_under_way || Clock::now() < shard.retry_at)
    return;
  if (shard.group_generation < 0 || membership().member != shard.member)
    return; // about to be lost, or assigned anew
  // Without what was read before the claim would seem to be the first.
  if (shard.rewinds && !seek_to_beginning(shard)) {
    shard.retry_at = Clock::now() + retry_interval;
    return;
  }
  shard.rewinds = false;
  std::vector<StateTopicEntry> entries;
  entries.push_back({to_claim_key(random_()),
                     to_text(StateClaim{shard.group_generation, shard.after})});
  shard.claim_under_way = true;
  shard.generation = 0;
  writer_.write(write_of(shard, StateWrite::Kind::claim), std::move(entries));
}

void StateTopic::on_claimed(HeldShard& shard, const StateWritten& written) {
  shard.claim_under_way = false;
  if (!written.outcome || written.last_offset < 0) {
    shard.retry_at = Clock::now() + retry_interval;
    return;
  }
  shard.generation = static_cast<StateGeneration>(written.last_offset) + 1;
  shard.log = std::make_unique<StateTopicLog>(shard.generation);
  shard.phase = Phase::reading;
  shard.heard_at = Clock::now();
  shard.at_end = false;
  shard.announced = true;
  events_.emplace_back(ShardAssigned{shard.number, shard.generation});
}

void StateTopic::on_written(StateWritten& written) {
  using Kind = StateWrite::Kind;
  if (written.outcome) {
    watch_->set_standing(false);
    watch_->on_contact(troubles_);
  } else if (written.outcome.error().code != logic::ErrorCode::fenced) {
    report(written.outcome.error());
  }
  auto* shard = find(written.write.shard);
  if (shard == nullptr || shard->assignment != written.write.assignment)
    return;
  const bool good = written.outcome.has_value();
  switch (written.write.kind) {
    case Kind::claim:
      if (!shard->revoked)
        on_claimed(*shard, written);
      break;
    case Kind::append:
      shard->move.on_appended(written.write.number, good);
      events_.emplace_back(
        StateAppended{shard->number, written.write.number, written.outcome});
      break;
    case Kind::move:
      shard->move.on_moved(static_cast<std::int64_t>(written.write.number),
                           good);
      break;
    case Kind::removal:
      break; // whoever comes next sees what is left
    case Kind::release:
      revocations_.let_go(shard->number);
      break;
  }
}

void StateTopic::read(HeldShard& shard, std::size_t& budget_bytes) {
  const auto generation = shard.generation;
  ShardRecords chunk{shard.number, {}};
  std::array<rd_kafka_message_t*, pull_records> pulled{};
  while (shard.phase == Phase::reading && budget_bytes != 0) {
    const auto count = rd_kafka_consume_batch_queue(
      shard.queue.get(), 0, pulled.data(), pulled.size());
    if (count <= 0)
      break;
    for (ssize_t index = 0; index < count; ++index) {
      const MessagePtr message{pulled[static_cast<std::size_t>(index)]};
      // Behind the end of the reading there is nothing of interest.
      if (shard.phase != Phase::reading || shard.generation != generation)
        continue;
      budget_bytes -= std::min(budget_bytes, message->len + message->key_len);
      take(shard, *message, chunk);
    }
  }
  // What was read before the log had to be begun anew counts no more.
  if (!chunk.records.empty() && shard.generation == generation
      && shard.phase != Phase::claiming)
    events_.emplace_back(std::move(chunk));
  if (budget_bytes == 0)
    wake_.raise();
  if (shard.phase == Phase::reading && shard.at_end
      && Clock::now() > shard.heard_at + patience)
    start_again(shard, shard.generation);
}

void StateTopic::take(HeldShard& shard, const rd_kafka_message_t& message,
                      ShardRecords& chunk) {
  using Found = StateTopicLog::Found;
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    on_read_error(shard, message);
    return;
  }
  shard.heard_at = Clock::now();
  shard.at_end = false;
  const auto seen = to_state_message(message);
  switch (shard.log->take(seen)) {
    case Found::nothing:
      break;
    case Found::state: {
      const auto key = parse_state_topic_key(*seen.key).key;
      chunk.records.push_back({std::string{key}, std::string{*seen.value}});
      break;
    }
    case Found::own_claim:
      if (!chunk.records.empty())
        events_.emplace_back(std::exchange(chunk, {shard.number, {}}));
      on_loaded(shard);
      break;
    case Found::outdone:
      shard.after = shard.log->newest();
      shard.phase = Phase::confirming;
      shard.retry_at = {};
      break;
  }
}

void StateTopic::on_read_error(HeldShard& shard,
                               const rd_kafka_message_t& message) {
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    shard.at_end = true;
    return;
  }
  if (message.err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET
      || message.err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE)
    return start_again(shard, shard.generation);
  if (to_code(message.err) == logic::ErrorCode::not_found)
    setup_->begin(client_.get(), events_queue_.get());
  report(to_state_topic_error(parameters_, message.err,
                              "reading shard " + std::to_string(shard.number)
                                + " of",
                              rd_kafka_message_errstr(&message)));
}

bool StateTopic::seek_to_beginning(HeldShard& shard) {
  const PartitionListPtr list{rd_kafka_topic_partition_list_new(1)};
  auto* partition = rd_kafka_topic_partition_list_add(
    list.get(), parameters_.topic.c_str(),
    static_cast<std::int32_t>(shard.number));
  partition->offset = RD_KAFKA_OFFSET_BEGINNING;
  const ErrorPtr error{
    rd_kafka_seek_partitions(client_.get(), list.get(), to_timeout(seek_wait))};
  return !error && partition->err == RD_KAFKA_RESP_ERR_NO_ERROR;
}

void StateTopic::start_again(HeldShard& shard, StateGeneration after) {
  if (shard.announced)
    events_.emplace_back(ShardRevoked{shard.number, true});
  if (shard.paused) {
    const PartitionListPtr list{rd_kafka_topic_partition_list_new(1)};
    rd_kafka_topic_partition_list_add(list.get(), parameters_.topic.c_str(),
                                      static_cast<std::int32_t>(shard.number));
    rd_kafka_resume_partitions(client_.get(), list.get());
  }
  HeldShard anew;
  anew.number = shard.number;
  anew.member = shard.member;
  anew.group_generation = shard.group_generation;
  anew.assignment = next_assignment_++; // what is under way counts no more
  anew.after = after;
  anew.rewinds = true;
  anew.queue = std::move(shard.queue);
  shard = std::move(anew);
}

void StateTopic::confirm(HeldShard& shard) {
  if (Clock::now() < shard.retry_at)
    return;
  shard.retry_at = Clock::now() + retry_interval;
  const PartitionListPtr list{rd_kafka_topic_partition_list_new(1)};
  rd_kafka_topic_partition_list_add(list.get(), parameters_.topic.c_str(),
                                    static_cast<std::int32_t>(shard.number))
    ->offset
    = static_cast<std::int64_t>(shard.generation);
  // The group refuses who is no member of its present generation.
  rd_kafka_commit_queue(client_.get(), list.get(), events_queue_.get(), nullptr,
                        nullptr);
}

void StateTopic::on_confirmed(rd_kafka_event_t* event) {
  const auto* list = rd_kafka_event_topic_partition_list(event);
  if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR
      || list == nullptr)
    return; // asked again, or lost
  const auto member = membership().member;
  for (int index = 0; index != list->cnt; ++index) {
    const auto& each = list->elems[index];
    auto* shard = find(static_cast<std::uint32_t>(each.partition));
    if (shard != nullptr && shard->phase == Phase::confirming && !shard->revoked
        && shard->member == member && each.err == RD_KAFKA_RESP_ERR_NO_ERROR)
      start_again(*shard, shard->after);
  }
}

} // namespace millrace::adapters::kafka
