#include "adapters/kafka/group_inspector.hpp"

#include "adapters/kafka/admin_client.hpp"
#include "adapters/kafka/committed_query.hpp"
#include "adapters/kafka/topic_description.hpp"
#include "adapters/kafka/topic_reader.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <ranges>
#include <set>
#include <thread>
#include <utility>
#include <vector>

namespace millrace::adapters::kafka {

namespace {

using QuestionPtr = Owned<rd_kafka_ListConsumerGroupOffsets_t,
                          rd_kafka_ListConsumerGroupOffsets_destroy>;
using logic::GroupSight;
using logic::GroupState;
using logic::Offset;
using logic::PartitionId;
using TopicPartition = std::pair<std::string, PartitionId>;

/// Up to so many offsets are read to see whether they are records at all.
constexpr std::int64_t probed_offsets = 100;
constexpr std::chrono::milliseconds longest_probe{3'000};
constexpr std::chrono::milliseconds settling_pause{100};

/// Brokers that have just started, or whose groups were never used, take a
/// moment to agree on who coordinates one.
bool is_settling(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
      return true;
    default:
      return false;
  }
}

GroupState to_state(rd_kafka_consumer_group_state_t state) {
  switch (state) {
    case RD_KAFKA_CONSUMER_GROUP_STATE_PREPARING_REBALANCE:
    case RD_KAFKA_CONSUMER_GROUP_STATE_COMPLETING_REBALANCE:
      return GroupState::rebalancing;
    case RD_KAFKA_CONSUMER_GROUP_STATE_STABLE:
      return GroupState::stable;
    case RD_KAFKA_CONSUMER_GROUP_STATE_EMPTY:
      return GroupState::empty;
    case RD_KAFKA_CONSUMER_GROUP_STATE_DEAD:
      return GroupState::absent;
    default:
      return GroupState::unknown;
  }
}

/// Whether so little waits that it is worth a look whether it is anything.
bool is_worth_probing(const logic::PartitionPlace& place) {
  return place.exists && place.committed && place.low && place.end
         && !place.of_former_topic && *place.committed >= *place.low
         && *place.committed < *place.end
         && place.end->value - place.committed->value <= probed_offsets;
}

std::string text_of(const char* text) {
  return text == nullptr ? std::string{} : std::string{text};
}

/// Kafka writes an address with a slash in front.
std::string host_of(const rd_kafka_MemberDescription_t* member) {
  auto host = text_of(rd_kafka_MemberDescription_host(member));
  return host.starts_with('/') ? host.substr(1) : host;
}

} // namespace

class GroupInspector::State {
public:
  logic::Result<void> open(const KafkaConfig& config) {
    return admin_.open(config);
  }

  logic::Result<GroupSight> look(const std::string& group,
                                 std::span<const std::string> topics,
                                 std::chrono::milliseconds deadline);

private:
  using Clock = std::chrono::steady_clock;
  using Holders = std::map<TopicPartition, std::size_t>;
  using CommittedOffsets = std::map<TopicPartition, CommittedPlace>;

  /// What a look gathers.
  struct Look {
    GroupSight sight;
    Holders holders;
    CommittedOffsets committed;
  };

  logic::Result<void> ask_members(Look& look,
                                  std::chrono::milliseconds deadline);
  void take_members(Look& look,
                    const rd_kafka_ConsumerGroupDescription_t* found);
  logic::Result<void> ask_committed(Look& look,
                                    std::chrono::milliseconds deadline);
  void ask_committed_of(Look& look, const TopicDescription& topic);
  logic::Result<void> place_topic(Look& look, const TopicDescription& topic,
                                  std::chrono::milliseconds deadline);
  void probe(GroupSight& sight, std::chrono::milliseconds deadline);
  void probe_topic(GroupSight& sight, const std::string& topic,
                   std::chrono::milliseconds deadline);

  AdminClient admin_;
  std::unique_ptr<TopicReader> reader_;
  std::set<std::string> unreadable_; ///< topics that this user may not read
};

logic::Result<void>
GroupInspector::State::ask_members(Look& look,
                                   std::chrono::milliseconds deadline) {
  const auto attempted = "looking at the group " + look.sight.group;
  std::array<const char*, 1> names{look.sight.group.c_str()};
  const auto until = Clock::now() + deadline;
  for (;;) {
    auto event = admin_.run(
      RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, deadline, attempted,
      [&](const rd_kafka_AdminOptions_t* options) {
        rd_kafka_DescribeConsumerGroups(admin_.client(), names.data(),
                                        names.size(), options, admin_.queue());
      });
    if (!event)
      return event.error();
    std::size_t count = 0;
    const auto* const* found = rd_kafka_DescribeConsumerGroups_result_groups(
      rd_kafka_event_DescribeConsumerGroups_result(event->get()), &count);
    if (count != 1)
      return logic::Error{logic::ErrorCode::unavailable,
                          attempted + ": no answer for this group"};
    const auto* error = rd_kafka_ConsumerGroupDescription_error(found[0]);
    const auto code = rd_kafka_error_code(error);
    if (is_settling(code) && Clock::now() < until) {
      std::this_thread::sleep_for(settling_pause);
      continue;
    }
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
      take_members(look, found[0]);
    else if (code == RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND)
      look.sight.state = GroupState::absent;
    else if (to_code(code) == logic::ErrorCode::unsupported)
      look.sight.members_known = false;
    else
      return admin_.explain(code, attempted, rd_kafka_error_string(error));
    return {};
  }
}

void GroupInspector::State::take_members(
  Look& look, const rd_kafka_ConsumerGroupDescription_t* found) {
  auto& sight = look.sight;
  sight.state = to_state(rd_kafka_ConsumerGroupDescription_state(found));
  sight.assignor = text_of(
    rd_kafka_ConsumerGroupDescription_partition_assignor(found));
  const auto count = rd_kafka_ConsumerGroupDescription_member_count(found);
  for (std::size_t index = 0; index != count; ++index) {
    const auto* member = rd_kafka_ConsumerGroupDescription_member(found, index);
    sight.members.push_back(
      {text_of(rd_kafka_MemberDescription_client_id(member)), host_of(member),
       text_of(rd_kafka_MemberDescription_group_instance_id(member)),
       text_of(rd_kafka_MemberDescription_consumer_id(member))});
    const auto* assignment = rd_kafka_MemberDescription_assignment(member);
    const auto* held = rd_kafka_MemberAssignment_partitions(assignment);
    for (int entry = 0; held != nullptr && entry != held->cnt; ++entry)
      look.holders[{held->elems[entry].topic,
                    PartitionId{held->elems[entry].partition}}]
        = index;
  }
}

/// Of all topics at once, whatever they are.
logic::Result<void>
GroupInspector::State::ask_committed(Look& look,
                                     std::chrono::milliseconds deadline) {
  const auto attempted = "asking what the group " + look.sight.group
                         + " has committed";
  const QuestionPtr question{
    rd_kafka_ListConsumerGroupOffsets_new(look.sight.group.c_str(), nullptr)};
  auto* raw = question.get();
  auto event = admin_.run(
    RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, deadline, attempted,
    [&](const rd_kafka_AdminOptions_t* options) {
      rd_kafka_ListConsumerGroupOffsets(admin_.client(), &raw, 1, options,
                                        admin_.queue());
    });
  if (!event)
    return event.error();
  std::size_t count = 0;
  const auto* const* groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
    rd_kafka_event_ListConsumerGroupOffsets_result(event->get()), &count);
  if (count != 1)
    return logic::Error{logic::ErrorCode::unavailable,
                        attempted + ": no answer for this group"};
  const auto code = rd_kafka_error_code(rd_kafka_group_result_error(groups[0]));
  if (code == RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND)
    return {};
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return admin_.explain(code, attempted);
  const auto* list = rd_kafka_group_result_partitions(groups[0]);
  for (int entry = 0; list != nullptr && entry != list->cnt; ++entry) {
    const auto& each = list->elems[entry];
    if (each.err == RD_KAFKA_RESP_ERR_NO_ERROR && each.offset >= 0)
      look.committed[{each.topic, PartitionId{each.partition}}] = {
        Offset{each.offset}, mark_of(each)};
  }
  return {};
}

/// For brokers that do not tell of all topics at once (the embedded one).
void GroupInspector::State::ask_committed_of(Look& look,
                                             const TopicDescription& topic) {
  CommittedQuery query{admin_.client(), admin_.queue(), look.sight.group,
                       topic.name};
  query.ask(static_cast<std::int32_t>(topic.partitions.size()));
  while (query.under_way()) {
    EventPtr event{rd_kafka_queue_poll(
      admin_.queue(), to_timeout(CommittedQuery::answered_within))};
    if (!event)
      return;
    query.on_event(event.get());
  }
  const auto places = query.take_answer();
  for (const auto& [partition, place] : places.value_or(CommittedPlaces{}))
    look.committed[{topic.name, partition}] = place;
}

logic::Result<void>
GroupInspector::State::place_topic(Look& look, const TopicDescription& topic,
                                   std::chrono::milliseconds deadline) {
  const auto committed_of = [&] {
    CommittedPlaces found;
    for (auto entry = look.committed.lower_bound({topic.name, PartitionId{}});
         entry != look.committed.end() && entry->first.first == topic.name;
         ++entry)
      found.emplace(entry->first.second, entry->second);
    return found;
  };
  const bool is_gone = topic.fault
                       && topic.fault->code == logic::ErrorCode::not_found;
  if (topic.fault && !is_gone)
    return *topic.fault;
  if (is_gone && committed_of().empty())
    look.sight.missing_topics.push_back(topic.name);
  if (!is_gone && committed_of().empty() && !topic.partitions.empty())
    ask_committed_of(look, topic);
  std::vector<PartitionId> led;
  std::map<PartitionId, logic::PartitionPlace> places;
  for (const auto& partition : topic.partitions) {
    places[partition.partition].exists = true;
    if (partition.leader)
      led.push_back(partition.partition);
  }
  std::map<PartitionId, Offset> committed_offsets;
  for (const auto& [partition, committed] : committed_of()) {
    committed_offsets[partition] = committed.offset;
    auto [place, is_new] = places.try_emplace(partition);
    place->second.exists = !is_new;
    place->second.committed = committed.offset;
    place->second.of_former_topic = committed.mark && !topic.id.empty()
                                    && committed.mark->topic_id != topic.id;
  }
  auto extents = read_extents(admin_, topic.name, led, deadline);
  if (!extents)
    return extents.error();
  raise_ends(admin_, topic.name, committed_offsets, deadline, *extents);
  for (auto& [partition, place] : places) {
    place.topic = topic.name;
    place.partition = partition;
    if (const auto extent = extents->find(partition);
        extent != extents->end()) {
      place.low = extent->second.low;
      place.end = extent->second.high;
    }
    if (const auto holder = look.holders.find({topic.name, partition});
        holder != look.holders.end())
      place.holder = holder->second;
    look.sight.places.push_back(std::move(place));
  }
  return {};
}

/// What is counted behind a committed offset may be the control records of
/// transactions, records of those that were aborted, or gaps.
void GroupInspector::State::probe(GroupSight& sight,
                                  std::chrono::milliseconds deadline) {
  std::set<std::string> topics;
  for (const auto& place : sight.places)
    if (is_worth_probing(place) && !unreadable_.contains(place.topic))
      topics.insert(place.topic);
  for (const auto& topic : topics)
    probe_topic(sight, topic, deadline);
}

void GroupInspector::State::probe_topic(GroupSight& sight,
                                        const std::string& topic,
                                        std::chrono::milliseconds deadline) {
  if (!reader_) {
    auto opened = TopicReader::open(admin_.config());
    if (!opened)
      return;
    reader_ = *std::move(opened);
  }
  std::vector<PartitionExtent> ranges;
  for (const auto& place : sight.places)
    if (place.topic == topic && is_worth_probing(place))
      ranges.push_back({place.partition, *place.committed, *place.end});
  std::set<PartitionId> with_records;
  const auto read = reader_->read(
    topic, ranges,
    [&](PartitionId partition, const logic::RecordView&) {
      with_records.insert(partition);
      return with_records.size() != ranges.size();
    },
    std::min(deadline, longest_probe));
  // Who may not read the topic is told the distance of the offsets. Anything
  // else passes, such as a restart of the brokers; a client that knew the topic
  // before it was made anew would go on saying nothing of it.
  if (!read) {
    if (read.error().code == logic::ErrorCode::unauthorized)
      unreadable_.insert(topic);
    else
      reader_.reset();
    return;
  }
  for (auto& place : sight.places)
    if (place.topic == topic && is_worth_probing(place))
      place.nothing_to_read = !with_records.contains(place.partition);
}

logic::Result<GroupSight>
GroupInspector::State::look(const std::string& group,
                            std::span<const std::string> topics,
                            std::chrono::milliseconds deadline) {
  Look look;
  look.sight.group = group;
  if (auto asked = ask_members(look, deadline); !asked)
    return asked.error();
  if (auto asked = ask_committed(look, deadline); !asked)
    return asked.error();
  std::set<std::string> names{topics.begin(), topics.end()};
  for (const auto& [place, offset] : look.committed)
    names.insert(place.first);
  for (const auto& [place, holder] : look.holders)
    names.insert(place.first);
  const std::vector<std::string> listed{names.begin(), names.end()};
  auto described = describe_topics(admin_, listed, deadline);
  if (!described)
    return described.error();
  std::ranges::sort(*described, {}, &TopicDescription::name);
  for (const auto& topic : *described)
    if (auto placed = place_topic(look, topic, deadline); !placed)
      return placed.error();
  look.sight.at = Clock::now();
  probe(look.sight, deadline);
  return std::move(look.sight);
}

GroupInspector::GroupInspector(std::unique_ptr<State> state)
  : state_(std::move(state)) {}

GroupInspector::~GroupInspector() = default;

logic::Result<std::unique_ptr<GroupInspector>>
GroupInspector::open(const KafkaConfig& config) {
  auto state = std::make_unique<State>();
  if (auto opened = state->open(config); !opened)
    return opened.error();
  return std::unique_ptr<GroupInspector>{new GroupInspector{std::move(state)}};
}

logic::Result<GroupSight>
GroupInspector::look(const std::string& group,
                     std::span<const std::string> topics,
                     std::chrono::milliseconds deadline) {
  return state_->look(group, topics, deadline);
}

} // namespace millrace::adapters::kafka
