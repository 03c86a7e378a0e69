#include "node/status_page.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <optional>

namespace millrace::node {

namespace json = boost::json;

namespace {

json::value to_value(const std::optional<logic::Offset>& offset) {
  return offset ? json::value(offset->value) : json::value(nullptr);
}

json::array to_array(const std::vector<messages::PartitionStatus>& partitions) {
  json::array array;
  for (const auto& partition : partitions) {
    json::object line;
    line["partition"] = partition.partition.value;
    line["epoch"] = partition.epoch.value;
    line["read"] = to_value(partition.read);
    line["finished"] = to_value(partition.finished);
    line["committed"] = to_value(partition.committed);
    line["lag_records"] = partition.lag_records
                            ? json::value(*partition.lag_records)
                            : json::value(nullptr);
    line["leaving"] = partition.leaving;
    line["stalled"] = partition.stalled;
    array.push_back(std::move(line));
  }
  return array;
}

} // namespace

std::string status_json(const NodeStatus& status) {
  const auto readiness = readiness_of(status);
  json::object page;
  page["node"] = status.node;
  page["version"] = status.version;
  page["ready"] = readiness.ready;
  page["reason"] = readiness.reason;
  page["consumer"] = json::object{
    {"records", status.consumer.records},
    {"credit_bytes", status.consumer.credit_bytes},
    {"draining", status.consumer.draining},
    {"fault", status.consumer.fault},
    {"partitions", to_array(status.consumer.partitions)}};
  page["dispatcher"] = json::object{
    {"batches_in_flight", status.dispatcher.batches_in_flight},
    {"redispatched", status.dispatcher.redispatched}};
  page["producer"] = json::object{
    {"outputs", status.producer.outputs},
    {"dead_letters", status.producer.dead_letters},
    {"retries", status.producer.retries},
    {"batches", status.producer.batches},
    {"stuck", status.producer.stuck},
    {"fault", status.producer.fault}};
  return json::serialize(page);
}

Readiness readiness_of(const NodeStatus& status) {
  if (!status.failure.empty())
    return {false, status.failure};
  if (status.consumer.draining)
    return {false, "draining before the end"};
  if (!status.consumer.fault.empty())
    return {false, status.consumer.fault};
  if (!status.producer.fault.empty())
    return {false, status.producer.fault};
  if (!status.consumer.assigned)
    return {false, "no partitions assigned yet"};
  return {true, {}};
}

} // namespace millrace::node
