#include "adapters/kafka/takeover_check.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace millrace::adapters::kafka {

namespace {

constexpr std::chrono::milliseconds retry_interval{500};
/// In a row: a coordinator that moves is none of anybody's business.
constexpr int failures_to_tell = 3;

} // namespace

TakeoverCheck::TakeoverCheck(rd_kafka_t* client, rd_kafka_queue_t* queue,
                             const std::string& group, const std::string& topic,
                             const TopicIdHistory& ids,
                             std::optional<std::int32_t>& first_added)
  : query_(client, queue, group, topic), ids_(ids), first_added_(first_added) {}

void TakeoverCheck::add(logic::PartitionId partition) {
  awaited_.insert(partition);
  asked_.erase(partition); // the former owner may have committed since
  next_question_ = {};
}

void TakeoverCheck::forget(logic::PartitionId partition) {
  awaited_.erase(partition);
  asked_.erase(partition);
}

std::vector<TakeoverCheck::Finding> TakeoverCheck::tick() {
  std::vector<Finding> findings;
  if (awaited_.empty() || query_.under_way() || !ids_.known())
    return findings;
  if (const auto places = query_.take_answer())
    findings = judge(*places);
  else if (query_.error() != RD_KAFKA_RESP_ERR_NO_ERROR)
    on_failure(query_.error(), findings);
  if (awaited_.empty() || Clock::now() < next_question_)
    return findings;
  next_question_ = Clock::now() + retry_interval;
  asked_ = awaited_;
  query_.ask(std::max(ids_.partitions(), awaited_.rbegin()->value + 1));
  return findings;
}

void TakeoverCheck::on_failure(rd_kafka_resp_err_t error,
                               std::vector<Finding>& findings) {
  if (asked_.empty())
    return; // it was dealt with
  if (error == RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE)
    // Brokers that cannot answer know nothing of ids either.
    findings = judge({});
  else if (++failures_ >= failures_to_tell)
    error_ = error;
  asked_.clear();
}

rd_kafka_resp_err_t TakeoverCheck::take_error() {
  return std::exchange(error_, RD_KAFKA_RESP_ERR_NO_ERROR);
}

std::string TakeoverCheck::mark() const {
  if (ids_.current().empty())
    return {};
  return to_text(logic::PositionMark{ids_.current(),
                                     first_added_.value_or(ids_.partitions())});
}

void TakeoverCheck::learn_first_added(const CommittedPlaces& places) {
  const auto now = ids_.partitions() != 0
                     ? ids_.partitions()
                     : std::numeric_limits<std::int32_t>::max();
  auto first = first_added_.value_or(now);
  for (const auto& [partition, place] : places)
    if (place.mark && place.mark->topic_id == ids_.current())
      first = std::min(first, place.mark->first_added);
  first_added_ = first;
}

std::vector<TakeoverCheck::Finding>
TakeoverCheck::judge(const CommittedPlaces& places) {
  failures_ = 0;
  learn_first_added(places);
  std::vector<Finding> findings;
  for (const auto partition : std::exchange(asked_, {})) {
    awaited_.erase(partition);
    Finding finding{partition, std::nullopt};
    if (const auto place = places.find(partition); place != places.end()) {
      const auto& [offset, mark] = place->second;
      finding.committed = offset;
      finding.of_former_topic = mark && !ids_.current().empty()
                                && mark->topic_id != ids_.current();
    } else {
      finding.added = partition.value >= *first_added_;
    }
    findings.push_back(finding);
  }
  return findings;
}

} // namespace millrace::adapters::kafka
