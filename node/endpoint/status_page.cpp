#include "node/endpoint/status_page.hpp"

#include "logic/core/actor_table.hpp"
#include "logic/core/event_time.hpp"
#include "logic/core/json_text.hpp"
#include "messages/status.hpp"
#include "node/endpoint/readiness.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>
#include <optional>
#include <string_view>

namespace millrace::node {

namespace json = boost::json;

namespace {

using logic::supervision::State;
using logic::supervision::Status;

json::value to_value(const std::optional<logic::Offset>& offset) {
  return offset ? json::value(offset->value) : json::value(nullptr);
}

json::array to_array(const messages::ConsumerStatus& consumer) {
  json::array array;
  for (const auto& partition : consumer.partitions) {
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
    line["stall_reason"] = partition.stalled ? stall_reason(consumer, partition)
                                             : std::string{};
    array.push_back(std::move(line));
  }
  return array;
}

std::string_view to_word(State state) noexcept {
  switch (state) {
    case State::stopped:
      return "stopped";
    case State::running:
      return "running";
    case State::waiting:
      return "waiting";
    case State::given_up:
      return "given_up";
  }
  return "unknown";
}

json::object to_object(const Status& status, const NodeStatus& node) {
  using std::chrono::milliseconds;
  json::object member;
  member["name"] = status.name;
  member["state"] = to_word(status.state);
  if (status.child)
    member["incarnation"] = status.incarnation.value;
  member["restarts"] = status.restarts;
  member["last_error"] = status.last_error;
  member["hung"] = status.hung;
  if (status.down_since) {
    const auto down = std::chrono::duration_cast<milliseconds>(
      node.now - *status.down_since);
    // It may have gone down while the parts were asked.
    member["down_ms"] = std::max(down, milliseconds{0}).count();
  }
  if (status.child) {
    const auto& mailboxes = node.supervisor->mailboxes;
    const auto mailbox = mailboxes.find(status.name);
    member["mailbox"] = mailbox == mailboxes.end()
                          ? json::value(nullptr)
                          : json::value(mailbox->second);
    return member;
  }
  json::array members;
  for (const auto& below : status.members)
    members.push_back(to_object(below, node));
  member["members"] = std::move(members);
  return member;
}

json::object to_object(const messages::ConsumerStatus& consumer) {
  return {{"records", consumer.records},
          {"credit_bytes", consumer.credit_bytes},
          {"rate_limit", consumer.rate_limit},
          {"rate_limited", consumer.rate_limited},
          {"draining", consumer.draining},
          {"fault", consumer.fault},
          {"partitions", to_array(consumer)}};
}

json::object to_object(const messages::DispatcherStatus& dispatcher) {
  return {{"batches_in_flight", dispatcher.batches_in_flight},
          {"redispatched", dispatcher.redispatched},
          {"poison_records", dispatcher.poison_records}};
}

json::array to_array(const std::vector<messages::PinnedPartition>& pinned) {
  json::array array;
  for (const auto& each : pinned)
    array.push_back(json::object{{"partition", each.partition.value},
                                 {"offset", each.offset.value},
                                 {"reason", each.reason}});
  return array;
}

json::object to_object(const messages::ProducerStatus& producer) {
  return {{"outputs", producer.outputs},
          {"dead_letters", producer.dead_letters},
          {"retries", producer.retries},
          {"batches", producer.batches},
          {"stuck", producer.stuck},
          {"references", producer.references},
          {"circuit", std::string{to_string(producer.circuit)}},
          {"circuit_reason", producer.circuit_reason},
          {"dead_letter_circuit",
           std::string{to_string(producer.dead_letter_circuit)}},
          {"dead_letter_circuit_reason", producer.dead_letter_circuit_reason},
          {"pinned", to_array(producer.pinned)},
          {"fault", producer.fault}};
}

std::string hexadecimal(std::uint64_t number) {
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016" PRIx64, number);
  return text.data();
}

/// "0-3,7" of rising numbers.
std::string ranges_of(const std::vector<std::uint32_t>& numbers) {
  std::string text;
  for (std::size_t at = 0; at != numbers.size();) {
    auto last = at;
    while (last + 1 != numbers.size() && numbers[last + 1] == numbers[last] + 1)
      ++last;
    text.append(text.empty() ? "" : ",").append(std::to_string(numbers[at]));
    if (last != at)
      text.append("-").append(std::to_string(numbers[last]));
    at = last + 1;
  }
  return text;
}

/// Which shards a node owns, and what it is asked about them; `incarnation` 0
/// is this node.
void add_judgements(json::object& node, std::uint64_t incarnation,
                    const std::optional<messages::JudgementsStatus>& all) {
  if (!all)
    return;
  node["shards"] = "";
  node["shard_count"] = 0;
  for (const auto& owner : all->owners)
    if (owner.incarnation == incarnation) {
      node["shards"] = ranges_of(owner.shards);
      node["shard_count"] = owner.shards.size();
    }
  for (const auto& peer : all->peers)
    if (peer.incarnation == incarnation) {
      node["asked_bytes"] = peer.asked_bytes;
      node["credit_bytes"] = peer.credit_bytes;
      node["late"] = peer.late;
    }
}

json::object to_object(const messages::JudgementsStatus& judgements) {
  return {{"here", judgements.here},
          {"elsewhere", judgements.elsewhere},
          {"unjudged", judgements.unjudged},
          {"for_others", judgements.for_others},
          {"owed_bytes", judgements.owed_bytes},
          {"shards", judgements.shard_count},
          {"unowned", ranges_of(judgements.unowned)},
          {"unowned_count", judgements.unowned.size()}};
}

json::object
to_object(const messages::LinksStatus& links,
          const std::optional<messages::JudgementsStatus>& judgements) {
  json::array nodes;
  for (const auto& link : links.links) {
    json::object node{
      {"name", link.node.name},
      {"role", std::string{to_string(link.node.role)}},
      {"version", link.node.version},
      {"incarnation", hexadecimal(link.node.incarnation)},
      {"capacity", link.node.capacity},
      {"address", link.address},
      {"state", "linked"},
      {"dialled_by", link.inbound ? "peer" : "us"},
      {"round_trip_us", link.round_trip ? json::value(link.round_trip->count())
                                        : json::value(nullptr)},
      {"granted_bytes", link.granted_bytes},
      {"since", logic::format_time(link.since_ms)}};
    add_judgements(node, link.node.incarnation, judgements);
    nodes.push_back(std::move(node));
  }
  json::array unlinked;
  for (const auto& each : links.unlinked)
    unlinked.push_back(json::object{{"address", each.address},
                                    {"reason", each.reason},
                                    {"detail", each.text},
                                    {"at", logic::format_time(each.at_ms)}});
  json::object object{{"incarnation", hexadecimal(links.self.incarnation)},
                      {"role", std::string{to_string(links.self.role)}},
                      {"nodes", std::move(nodes)},
                      {"unlinked", std::move(unlinked)}};
  add_judgements(object, 0, judgements);
  return object;
}

json::object to_object(const messages::RemoteLanesStatus& remote) {
  json::array lanes;
  for (const auto& lane : remote.lanes)
    lanes.push_back(json::object{{"worker", lane.worker},
                                 {"lane", lane.lane},
                                 {"granted_bytes", lane.granted_bytes},
                                 {"used_bytes", lane.used_bytes},
                                 {"batches_there", lane.batches_there},
                                 {"batches_done", lane.batches_done},
                                 {"records_done", lane.records_done}});
  return {{"lanes", std::move(lanes)}};
}

json::object to_object(const messages::LaneHostStatus& host) {
  json::array askers;
  for (const auto& asker : host.askers)
    askers.push_back(json::object{{"node", asker.node},
                                  {"granted_bytes", asker.granted_bytes},
                                  {"used_bytes", asker.used_bytes},
                                  {"batches_done", asker.batches_done}});
  return {{"batches_here", host.batches_here},
          {"records_done", host.records_done},
          {"draining", host.draining},
          {"askers", std::move(askers)}};
}

/// By stage, as far as parts have answered: what it grants, what of that is
/// used, and what waits for some. All lanes have one queue.
json::array credit_of(const NodeStatus& status) {
  json::array stages;
  if (const auto& consumer = status.consumer)
    stages.push_back(json::object{
      {"stage", "consumer"},
      {"granted_bytes", consumer->granted_bytes},
      {"used_bytes", consumer->granted_bytes - consumer->credit_bytes}});
  if (const auto& dispatcher = status.dispatcher) {
    stages.push_back(json::object{
      {"stage", "lanes"}, {"waiting_bytes", dispatcher->waiting_bytes}});
    for (const auto& lane : dispatcher->lanes)
      stages.push_back(
        json::object{{"stage", logic::numbered("lane", lane.lane)},
                     {"granted_bytes", lane.granted_bytes},
                     {"used_bytes", lane.used_bytes}});
    stages.push_back(json::object{
      {"stage", std::string{name_of(logic::ActorKind::judgement_router)}},
      {"waiting_bytes", dispatcher->turn_bytes}});
  }
  if (const auto& router = status.judgements)
    for (std::uint32_t number = 0; const auto& use : router->detectors)
      stages.push_back(json::object{
        {"stage",
         logic::actor_name(logic::ActorKind::anomaly_detector, number++)},
        {"granted_bytes", use.granted_bytes},
        {"used_bytes", use.used_bytes},
        {"waiting_bytes", use.waiting_bytes}});
  return stages;
}

/// Null for a part that has not answered: zeros would be a claim.
template <class Status>
json::value part(const std::optional<Status>& status) {
  return status ? json::value(to_object(*status)) : json::value(nullptr);
}

/// Bytes that are not UTF-8 can only stand inside the document's texts.
std::string as_utf8(std::string text) {
  constexpr std::string_view replacement_character = "\xEF\xBF\xBD";
  for (std::size_t at = 0;;) {
    const auto bad = logic::find_invalid_utf8(
      std::string_view{text}.substr(at));
    if (bad == std::string_view::npos)
      return text;
    text.replace(at + bad, 1, replacement_character);
    at += bad + replacement_character.size();
  }
}

} // namespace

std::string status_json(const NodeStatus& status) {
  const auto readiness = readiness_of(status);
  json::object page;
  page["node"] = status.node;
  page["role"] = status.role;
  page["version"] = status.version;
  page["ready"] = readiness.ready;
  page["reason"] = readiness.reason;
  page["consumer"] = part(status.consumer);
  page["dispatcher"] = part(status.dispatcher);
  page["producer"] = part(status.producer);
  page["credit"] = credit_of(status);
  page["links"] = status.links
                    ? json::value(to_object(*status.links, status.judgements))
                    : json::value(nullptr);
  page["judgements"] = status.links ? part(status.judgements)
                                    : json::value(nullptr);
  page["remote_lanes"] = part(status.remote_lanes);
  page["lane_host"] = part(status.lane_host);
  page["supervision"] = status.supervisor ? json::value(
                          to_object(status.supervisor->tree, status))
                                          : json::value(nullptr);
  return as_utf8(json::serialize(page));
}

} // namespace millrace::node
