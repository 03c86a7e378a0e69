#include "adapters/kafka/read_positions.hpp"

#include "adapters/kafka/group_assignment.hpp"
#include "adapters/kafka/source_errors.hpp"

#include <utility>

namespace millrace::adapters::kafka {

namespace {

using Kind = logic::ClientEvent::Kind;
using logic::PositionFault;

constexpr std::chrono::milliseconds retry_interval{500};

logic::OffsetReset to_reset(const std::string& name) {
  if (name == "none")
    return logic::OffsetReset::none;
  return name == "latest" ? logic::OffsetReset::latest
                          : logic::OffsetReset::earliest;
}

} // namespace

ReadPositions::ReadPositions(rd_kafka_t* client, rd_kafka_queue_t* queue,
                             const KafkaConfig& config, HeldPartitions& held,
                             BrokerWatch& watch, PositionMemory& memory)
  : client_(client), config_(config), held_(held), watch_(watch),
    query_(client, queue, config.input_topic), memory_(memory),
    identity_(client, queue, config.input_topic, memory.ids),
    takeovers_(client, queue, config.consumer_group, config.input_topic,
               memory.ids, memory.first_added),
    reset_(to_reset(config.auto_offset_reset)) {}

// -- What happens -------------------------------------------------------------

logic::PartitionEpoch ReadPositions::on_assigned(logic::PartitionId partition,
                                                 std::int64_t& offset) {
  forget(partition);
  const auto anew = memory_.begun_anew.find(partition);
  if (anew == memory_.begun_anew.end()) {
    takeovers_.add(partition);
    return held_.add(partition);
  }
  // Not from what was committed of the topic before, until it is placed.
  offset = RD_KAFKA_OFFSET_END;
  open_[partition] = {{anew->second, PositionFault::recreation}, true, {}};
  next_question_ = {};
  return held_.restart(partition);
}

void ReadPositions::on_reset(const rd_kafka_message_t& message) {
  const logic::PartitionId partition{message.partition};
  const auto* held = held_.find(partition);
  if (held == nullptr || !held_.owns(*held) || open_.contains(partition))
    return;
  logic::PositionQuestion question{held_.expected(partition), {}};
  if (message.offset >= 0)
    question.wanted = logic::Offset{message.offset};
  const auto* words = rd_kafka_message_errstr(&message);
  if (const auto cut = to_log_cut(words != nullptr ? words : "")) {
    question.fault = PositionFault::truncation;
    question.kept = cut->kept;
    if (cut->position)
      question.wanted = cut->position;
  } else if (!question.wanted) {
    const auto known = memory_.committed.find(partition);
    if (known != memory_.committed.end())
      question = {known->second, PositionFault::lost_commit};
    else if (memory_.recreated)
      question.fault = PositionFault::recreation;
  }
  open_[partition] = {question, false, to_missing_offset(message, config_)};
  next_question_ = {};
}

void ReadPositions::on_step_back(logic::PartitionId partition,
                                 logic::Offset expected, Events& events) {
  if (const auto* held = held_.find(partition))
    begin_restart(*held, {expected, PositionFault::truncation}, events);
}

bool ReadPositions::on_event(rd_kafka_event_t* event) {
  return query_.on_event(event) || identity_.on_event(event)
         || takeovers_.on_event(event);
}

void ReadPositions::tick(bool may_move, Events& events) {
  identity_.tick();
  if (identity_.take_change())
    on_recreated(events);
  check_takeovers(events);
  // A reassignment would make the client forget that it lost all.
  if (!may_move || recreated_ || query_.under_way()
      || rd_kafka_assignment_lost(client_) != 0)
    return;
  Places places;
  for (const auto& [partition, log] : query_.take_answers()) {
    const auto found = open_.find(partition);
    const auto* held = held_.find(partition);
    if (found == open_.end() || held == nullptr)
      continue;
    const auto open = found->second;
    if (const auto start = decide(*held, open, log, events))
      places[partition] = *start;
  }
  if (!places.empty() && !gave_up_)
    place(places, events);
  if (gave_up_ || Clock::now() < next_question_)
    return;
  std::vector<logic::PartitionId> partitions;
  for (const auto& [partition, open] : open_)
    if (!takeovers_.awaits(partition))
      partitions.push_back(partition);
  if (partitions.empty())
    return;
  next_question_ = Clock::now() + retry_interval;
  query_.ask(partitions);
}

void ReadPositions::forget(logic::PartitionId partition) {
  open_.erase(partition);
  restarting_.erase(partition);
  added_.erase(partition);
  takeovers_.forget(partition);
}

void ReadPositions::note_committed(
  const rd_kafka_topic_partition_list_t& offsets) {
  for (int index = 0; index != offsets.cnt; ++index)
    memory_.committed[logic::PartitionId{offsets.elems[index].partition}]
      = logic::Offset{offsets.elems[index].offset};
}

// -- Starting over ------------------------------------------------------------

void ReadPositions::check_takeovers(Events& events) {
  for (const auto& finding : takeovers_.tick()) {
    const auto* held = held_.find(finding.partition);
    if (held == nullptr || !held_.owns(*held) || gave_up_)
      continue;
    if (finding.of_former_topic) {
      on_former_topic(finding, events);
      continue;
    }
    if (finding.added)
      added_.insert(finding.partition);
    held_.confirm(finding.partition, takeovers_.mark(),
                  finding.committed.has_value());
    next_question_ = {};
  }
  if (const auto error = takeovers_.take_error();
      error != RD_KAFKA_RESP_ERR_NO_ERROR)
    watch_.on_error(
      error, "asking for the offsets of " + config_.consumer_group, {}, events);
}

void ReadPositions::on_former_topic(const TakeoverCheck::Finding& finding,
                                    Events& events) {
  if (!std::exchange(told_of_former_, true)) {
    // Whatever is in it came after what the group has read.
    memory_.first_added = 0;
    memory_.committed.clear();
    if (!tell_recreated("what its group has committed is of the one before",
                        events))
      return;
  }
  held_.unplace(finding.partition);
  open_[finding.partition] = {
    {finding.committed, PositionFault::recreation}, true, {}};
  next_question_ = {};
}

bool ReadPositions::tell_recreated(std::string_view seen, Events& events) {
  auto text = "reading " + config_.input_topic
              + ": the topic was deleted and created again"
              + (seen.empty() ? "" : ", as ") + std::string{seen};
  if (config_.on_missing_offsets == "stop") {
    give_up({logic::ErrorCode::not_found,
             text
               + ", and kafka.on_missing_offsets is stop; set it to continue "
                 "to read all of it, or choose places with "
                 "kafka-consumer-groups --reset-offsets"},
            events);
    return false;
  }
  events.push_back({Kind::recreated,
                    {},
                    {logic::ErrorCode::not_found,
                     text
                       + "; all of it is new, so that it is read from its "
                         "begin"},
                    {},
                    {},
                    config_.input_topic});
  return true;
}

void ReadPositions::on_recreated(Events& events) {
  memory_.committed.clear();
  memory_.recreated = true;
  memory_.first_added = 0;
  if (!tell_recreated({}, events)) {
    // No place of the topic before may be committed of this one.
    for (const auto partition : held_.ids())
      held_.set_lost(partition);
    return;
  }
  recreated_ = true;
  for (const auto& [partition, open] : open_)
    memory_.begun_anew[partition] = open.question.wanted;
  for (const auto partition : held_.ids())
    if (const auto* held = held_.find(partition))
      begin_restart(
        *held, {held_.expected(partition), PositionFault::recreation}, events);
}

void ReadPositions::begin_restart(logic::PartitionEpoch held,
                                  const logic::PositionQuestion& question,
                                  Events& events) {
  if (const auto open = open_.find(held.partition);
      open != open_.end() && open->second.released) {
    open->second.question.fault = question.fault; // it does so already
    return;
  }
  if (!held_.owns(held))
    return;
  open_.erase(held.partition);
  takeovers_.forget(held.partition);
  held_.set_lost(held.partition);
  restarting_[held.partition] = {held, question};
  events.push_back({Kind::restarted, {held}, {}});
}

void ReadPositions::on_released(
  std::span<const logic::PartitionEpoch> partitions, Events& events) {
  for (const auto& each : partitions) {
    const auto found = restarting_.find(each.partition);
    if (found == restarting_.end() || found->second.held != each)
      continue;
    const auto question = found->second.question;
    restarting_.erase(found);
    if (recreated_) {
      memory_.begun_anew[each.partition] = question.wanted;
      continue;
    }
    open_[each.partition] = {question, true, {}};
    next_question_ = {};
    events.push_back({Kind::assigned, {held_.restart(each.partition)}, {}});
  }
}

// -- Deciding -----------------------------------------------------------------

std::optional<logic::StartPosition>
ReadPositions::decide(logic::PartitionEpoch held, const Open& open,
                      logic::LogExtent log, Events& events) {
  const bool is_new = added_.contains(held.partition) && !open.question.wanted;
  const auto start = logic::choose_start(
    open.question, log, is_new ? logic::OffsetReset::earliest : reset_);
  if (!start) {
    give_up(open.missing, events);
    return std::nullopt;
  }
  if (start->jump && config_.on_missing_offsets == "stop") {
    const auto& [why, from, to] = *start->jump;
    give_up({logic::ErrorCode::not_found,
             "reading " + name_of(held.partition)
               + ": it cannot be read on from " + std::to_string(from.value)
               + " (" + std::string{to_string(why)} + "), only from "
               + std::to_string(to.value)
               + ", and kafka.on_missing_offsets is stop; set it to continue, "
                 "or choose a place with kafka-consumer-groups "
                 "--reset-offsets"},
            events);
    return std::nullopt;
  }
  if (start->restarted && !open.released) {
    auto question = open.question;
    question.fault = start->jump->why;
    begin_restart(held, question, events);
    return std::nullopt;
  }
  return start;
}

void ReadPositions::place(const Places& places, Events& events) {
  if (!move(places, events))
    return; // it is asked again
  for (const auto& [partition, start] : places) {
    open_.erase(partition);
    memory_.begun_anew.erase(partition);
    held_.place(partition, start.offset, takeovers_.mark());
    if (const auto* held = held_.find(partition))
      events.push_back({Kind::placed,
                        {*held},
                        {},
                        start.jump,
                        start.offset,
                        {},
                        added_.erase(partition) != 0});
  }
}

bool ReadPositions::move(const Places& places, Events& events) {
  // A partition without a place cannot be sought (librdkafka answers _STATE),
  // only assigned anew. All at once, as each call waits for the client.
  const bool all = rebalances_eagerly(client_);
  const PartitionListPtr list{
    rd_kafka_topic_partition_list_new(static_cast<int>(places.size()))};
  for (const auto partition : held_.ids()) {
    const auto place = places.find(partition);
    if (place == places.end() && !all)
      continue;
    auto& entry = *rd_kafka_topic_partition_list_add(
      list.get(), config_.input_topic.c_str(), partition.value);
    if (place != places.end())
      entry.offset = place->second.offset.value;
    else if (const auto next = held_.expected(partition))
      entry.offset = next->value; // where it is anyway
  }
  if (!all) {
    // An error is no matter: if one is still assigned, the next call says so.
    const ErrorPtr ignored{rd_kafka_incremental_unassign(client_, list.get())};
    for (int index = 0; index != list->cnt; ++index)
      list->elems[index].err = RD_KAFKA_RESP_ERR_NO_ERROR;
  }
  if (const auto error = take_over(client_, list.get())) {
    watch_.on_error(rd_kafka_error_code(error.get()),
                    "moving to other offsets of " + config_.input_topic,
                    rd_kafka_error_string(error.get()), events);
    return false;
  }
  held_.connect_queues();
  return true;
}

void ReadPositions::give_up(logic::Error error, Events& events) {
  if (!std::exchange(gave_up_, true))
    events.push_back({Kind::unplaced, {}, std::move(error)});
}

std::string ReadPositions::name_of(logic::PartitionId partition) const {
  return config_.input_topic + "[" + std::to_string(partition.value) + "]";
}

} // namespace millrace::adapters::kafka
