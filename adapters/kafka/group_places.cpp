#include "adapters/kafka/group_places.hpp"

#include "adapters/kafka/client.hpp"
#include "adapters/kafka/committed_place.hpp"

#include <algorithm>
#include <thread>
#include <utility>

namespace millrace::adapters::kafka {

namespace {

std::string metadata_of(const rd_kafka_topic_partition_t& entry) {
  if (entry.metadata == nullptr)
    return {};
  return {static_cast<const char*>(entry.metadata), entry.metadata_size};
}

/// What a broker says to whoever commits beside the members of a group.
bool is_not_alone(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID
         || error == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION
         || error == RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS;
}

/// Whether the group's coordinator moves or starts, so that it answers soon.
/// Only what a broker answers: a client without one holds what it is asked
/// until its own time is over, also while it is destroyed.
bool is_settling(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR_NOT_COORDINATOR
         || error == RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE
         || error == RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS;
}

/// Asks again while the coordinator settles, until the deadline.
template <class Ask>
rd_kafka_resp_err_t
until_settled(std::chrono::milliseconds deadline, const Ask& ask) {
  using std::chrono::steady_clock;
  constexpr std::chrono::milliseconds pause{200};
  const auto until = steady_clock::now() + deadline;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      until - steady_clock::now());
    const auto error = ask(std::max(left, std::chrono::milliseconds{1}));
    if (!is_settling(error) || left <= pause)
      return error;
    std::this_thread::sleep_for(pause);
  }
}

} // namespace

class PlaceKeeper::State {
public:
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  /// It was never a member: closing would only wait for a commit that finds no
  /// broker.
  ~State() {
    answers_.reset();
    if (client_)
      rd_kafka_destroy_flags(client_.release(),
                             RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  }

  logic::Result<void> open(const KafkaConfig& config,
                           const std::string& group) {
    group_ = group;
    auto asked = config;
    asked.client_id += "-places";
    ClientSettings settings{asked};
    settings.set("group.id", group)
      .set("enable.auto.commit", std::string{"false"})
      .set("allow.auto.create.topics", std::string{"false"})
      .events(RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_OFFSET_COMMIT);
    auto client = settings.create(ClientRole::consumer);
    if (!client)
      return client.error();
    client_ = *std::move(client);
    answers_.reset(rd_kafka_queue_new(client_.get()));
    return {};
  }

  logic::Result<GroupPlaces>
  places(const std::string& topic,
         std::span<const logic::PartitionId> partitions,
         std::chrono::milliseconds deadline) {
    const auto attempted = "asking for the offsets of group " + group_;
    const PartitionListPtr list{
      rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size()))};
    for (const auto partition : partitions)
      rd_kafka_topic_partition_list_add(list.get(), topic.c_str(),
                                        partition.value);
    auto error = until_settled(deadline, [&](std::chrono::milliseconds left) {
      return rd_kafka_committed(client_.get(), list.get(), to_timeout(left));
    });
    GroupPlaces places;
    for (int index = 0;
         error == RD_KAFKA_RESP_ERR_NO_ERROR && index != list->cnt; ++index) {
      const auto& entry = list->elems[index];
      error = entry.err;
      if (entry.offset >= 0)
        places[logic::PartitionId{entry.partition}] = {
          logic::Offset{entry.offset}, metadata_of(entry)};
    }
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
      return to_error(error, attempted);
    return places;
  }

  logic::Result<void> commit(const std::string& topic,
                             const GroupPlaces& places,
                             std::chrono::milliseconds deadline) {
    const auto attempted = "committing offsets of group " + group_;
    const PartitionListPtr list{
      rd_kafka_topic_partition_list_new(static_cast<int>(places.size()))};
    for (const auto& [partition, place] : places)
      set_place(*rd_kafka_topic_partition_list_add(list.get(), topic.c_str(),
                                                   partition.value),
                place.offset, place.metadata);
    const auto error = until_settled(
      deadline,
      [&](std::chrono::milliseconds left) { return commit_once(*list, left); });
    if (is_not_alone(error))
      return logic::Error{logic::ErrorCode::fenced,
                          attempted
                            + ": the group has members, who alone may commit"};
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
      return to_error(error, attempted);
    return {};
  }

private:
  rd_kafka_resp_err_t commit_once(const rd_kafka_topic_partition_list_t& list,
                                  std::chrono::milliseconds deadline) {
    // Not the blocking call: it waits without an end while no broker answers.
    auto error = rd_kafka_commit_queue(client_.get(), &list, answers_.get(),
                                       nullptr, nullptr);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
      return error;
    const EventPtr answer{
      rd_kafka_queue_poll(answers_.get(), to_timeout(deadline))};
    if (!answer)
      return RD_KAFKA_RESP_ERR__TIMED_OUT;
    error = rd_kafka_event_error(answer.get());
    const auto* told = rd_kafka_event_topic_partition_list(answer.get());
    for (int index = 0; error == RD_KAFKA_RESP_ERR_NO_ERROR && told != nullptr
                        && index != told->cnt;
         ++index)
      error = told->elems[index].err;
    return error;
  }

  ClientPtr client_;
  QueuePtr answers_;
  std::string group_;
};

PlaceKeeper::PlaceKeeper(std::unique_ptr<State> state)
  : state_(std::move(state)) {}

PlaceKeeper::~PlaceKeeper() = default;

logic::Result<std::unique_ptr<PlaceKeeper>>
PlaceKeeper::open(const KafkaConfig& config, const std::string& group) {
  auto state = std::make_unique<State>();
  if (auto opened = state->open(config, group); !opened)
    return opened.error();
  return std::unique_ptr<PlaceKeeper>{new PlaceKeeper{std::move(state)}};
}

logic::Result<GroupPlaces>
PlaceKeeper::places(const std::string& topic,
                    std::span<const logic::PartitionId> partitions,
                    std::chrono::milliseconds deadline) {
  return state_->places(topic, partitions, deadline);
}

logic::Result<void> PlaceKeeper::commit(const std::string& topic,
                                        const GroupPlaces& places,
                                        std::chrono::milliseconds deadline) {
  return state_->commit(topic, places, deadline);
}

} // namespace millrace::adapters::kafka
