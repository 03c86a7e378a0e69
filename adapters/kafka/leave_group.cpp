#include "adapters/kafka/leave_group.hpp"

#include "adapters/kafka/group_assignment.hpp"

#include <algorithm>

namespace millrace::adapters::kafka {

namespace {

constexpr std::chrono::milliseconds poll_step{100};

} // namespace

void leave_group(rd_kafka_t* client, rd_kafka_queue_t* events,
                 std::chrono::steady_clock::time_point until) {
  const ErrorPtr refused{rd_kafka_consumer_close_queue(client, events)};
  if (refused)
    return;
  using std::chrono::steady_clock;
  while (rd_kafka_consumer_closed(client) == 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      until - steady_clock::now());
    if (left.count() <= 0)
      return;
    const EventPtr event{
      rd_kafka_queue_poll(events, to_timeout(std::min(left, poll_step)))};
    if (!event || rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_REBALANCE)
      continue;
    auto* list = rd_kafka_event_topic_partition_list(event.get());
    const bool assigned = rd_kafka_event_error(event.get())
                          == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
    // An error is no matter: whoever is closed holds nothing.
    const auto ignored = assigned ? take_over(client, list)
                                  : give_back(client, list);
  }
}

} // namespace millrace::adapters::kafka
