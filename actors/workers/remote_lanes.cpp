#include "actors/workers/remote_lanes_work.hpp"

#include "actors/links/link.hpp"
#include "logic/core/bounded_text.hpp"
#include "logic/encoding/additions_codec.hpp"
#include "logic/records/batch_codec.hpp"
#include "logic/records/footprint.hpp"
#include "messages/insights.hpp"
#include "messages/reconciliation.hpp"
#include "messages/status.hpp"

#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <memory>
#include <utility>

namespace millrace::actors {

namespace {

/// As many as there may be links.
constexpr std::uint32_t max_lanes = 64;

} // namespace

RemoteLanesActor::behavior_type RemoteLanes::make_behavior() {
  harden(self_);
  self_->set_down_handler([this](caf::scheduled_actor*, caf::down_msg& down) {
    remove(down.source.id());
  });
  metrics().workers.Set(0);
  // What a former start had attached is gone with it.
  for (auto lane = parameters_.first_lane;
       lane != parameters_.first_lane + max_lanes; ++lane)
    detach(lane, Incarnation{next_life_});
  tell(self_, parameters_.links, messages::ListPeers{});
  return {
    [this](messages::ValidateBatch& order) { lend(order); },
    [this](const wire::LaneWindow& window) { take_window(window); },
    [this](const wire::LaneQuestion& question) { take_question(question); },
    [this](const wire::LaneResult& result) { take_result(result); },
    [this](const wire::LaneFailed& report) { take_failure(report); },
    [this](wire::LaneInsight& insight) { publish(insight); },
    [this](const messages::LinkUp& news) { link_up(news.peer); },
    [this](const messages::LinkDown& news) { link_down(news.incarnation); },
    [](const messages::PeerOwners&) {},
    [this](messages::RouterReplaced) { ask_again(); },
    [this](messages::RepeatLanes) { repeat(); },
    [this](messages::ReportStatus) { return status(); },
    answer_heartbeats(self_),
    obey_faults(parameters_.surroundings),
  };
}

void RemoteLanes::link_up(const messages::Peer& peer) {
  if (peer.node.role != logic::links::NodeRole::worker)
    return;
  const auto id = peer.link.id();
  if (workers_.contains(id))
    return;
  link_down(peer.node.incarnation); // by another link: what was on that is lost
  const auto lane = free_lane();
  if (!lane)
    return;
  Worker worker;
  worker.name = peer.node.name;
  worker.peer = peer.node.incarnation;
  worker.link = peer.link;
  worker.lane = *lane;
  self_->monitor(worker.link);
  tell_peer(self_, worker.link, wire::LaneOpen{});
  workers_.emplace(id, std::move(worker));
  show_count();
}

void RemoteLanes::link_down(std::uint64_t incarnation) {
  for (const auto& [id, worker] : workers_)
    if (worker.peer == incarnation)
      return remove(id);
}

void RemoteLanes::remove(caf::actor_id id) {
  const auto found = workers_.find(id);
  if (found == workers_.end())
    return;
  self_->demonitor(found->second.link);
  end_lane(id, found->second);
  workers_.erase(found);
  show_count();
}

std::optional<std::uint32_t> RemoteLanes::free_lane() const {
  for (auto lane = parameters_.first_lane;
       lane != parameters_.first_lane + max_lanes; ++lane)
    if (std::ranges::none_of(workers_, [lane](const auto& entry) {
          return entry.second.lane == lane;
        }))
      return lane;
  return std::nullopt;
}

RemoteLanes::Worker* RemoteLanes::speaker() {
  const auto& sender = self_->current_sender();
  const auto found = sender ? workers_.find(sender->id()) : workers_.end();
  if (found != workers_.end() && !found->second.distrusted)
    return &found->second;
  metrics().worker_messages_ignored.Increment();
  return nullptr;
}

void RemoteLanes::distrust(Worker& worker, const std::string& why) {
  metrics().worker_messages_ignored.Increment();
  parameters_.surroundings.log->error(
    name, "a worker answers what makes no sense and gets no more work",
    {{"worker", worker.name}, {"error", why}});
  worker.distrusted = true;
  end_lane(worker.link.id(), worker);
}

void RemoteLanes::take_window(const wire::LaneWindow& window) {
  auto* const worker = speaker();
  if (worker == nullptr)
    return;
  if (worker->life != window.life) {
    forget_lent(worker->link.id());
    worker->life = window.life;
    worker->incarnation = Incarnation{++next_life_};
    parameters_.surroundings.log->info(
      name, "a worker takes part",
      {{"worker", worker->name}, {"lane", worker->lane}});
  }
  worker->granted_bytes = window.bytes;
  attach(*worker);
}

void RemoteLanes::attach(const Worker& worker) {
  tell(self_, parameters_.producer,
       messages::FenceLane{worker.lane, worker.incarnation});
  messages::AttachLane order;
  order.lane = worker.lane;
  order.incarnation = worker.incarnation;
  order.window_bytes = worker.granted_bytes;
  order.first_stage = parameters_.address->current();
  order.most_bytes = wire::max_lane_footprint;
  tell(self_, parameters_.dispatcher, std::move(order));
}

void RemoteLanes::detach(std::uint32_t lane, Incarnation incarnation) {
  tell(self_, parameters_.dispatcher, messages::DetachLane{lane, incarnation});
}

void RemoteLanes::end_lane(caf::actor_id id, Worker& worker) {
  forget_lent(id);
  worker.life.reset();
  worker.granted_bytes = 0;
  detach(worker.lane, worker.incarnation);
}

void RemoteLanes::repeat() {
  for (const auto& [id, worker] : workers_)
    if (worker.life)
      attach(worker);
  for (auto lane = parameters_.first_lane;
       lane != parameters_.first_lane + max_lanes; ++lane)
    if (std::ranges::none_of(workers_, [lane](const auto& entry) {
          return entry.second.lane == lane && entry.second.life;
        }))
      detach(lane, Incarnation{next_life_});
}

void RemoteLanes::lend(messages::ValidateBatch& order) {
  const auto found = std::ranges::find_if(workers_, [&](const auto& entry) {
    return entry.second.lane == order.ticket.lane
           && entry.second.incarnation == order.ticket.lane_incarnation
           && entry.second.life;
  });
  if (found == workers_.end())
    return; // the dispatcher is being told that the lane is gone
  auto bytes = logic::encode_batch(*order.batch);
  if (bytes.size() > wire::max_lane_bytes)
    return report_failure(order.ticket, name, "too large for a link", true);
  auto& worker = found->second;
  const auto number = next_number_++;
  Lent lent;
  lent.ticket = order.ticket;
  lent.worker = found->first;
  lent.bytes = logic::footprint_bytes(*order.batch);
  lent.batch = std::move(order.batch);
  worker.used_bytes += lent.bytes;
  ++worker.batches_there;
  tell_peer(self_, worker.link,
            wire::LaneWork{number, lent.ticket.attempt == 0, std::move(bytes)});
  lent_.emplace(number, std::move(lent));
}

RemoteLanes::Lent* RemoteLanes::find(std::uint64_t number,
                                     const Worker& worker) {
  const auto found = lent_.find(number);
  return found != lent_.end() && found->second.worker == worker.link.id()
           ? &found->second
           : nullptr;
}

void RemoteLanes::give_back(std::uint64_t number, Worker& worker) {
  const auto found = lent_.find(number);
  worker.used_bytes -= found->second.bytes;
  --worker.batches_there;
  lent_.erase(found);
}

void RemoteLanes::forget_lent(caf::actor_id worker) {
  std::erase_if(lent_, [worker](const auto& entry) {
    return entry.second.worker == worker;
  });
  if (const auto found = workers_.find(worker); found != workers_.end()) {
    found->second.used_bytes = 0;
    found->second.batches_there = 0;
  }
}

void RemoteLanes::take_result(const wire::LaneResult& result) {
  auto* const worker = speaker();
  auto* const lent = worker ? find(result.number, *worker) : nullptr;
  if (lent == nullptr)
    return;
  auto batch = logic::decode_additions(result.additions, lent->batch);
  if (!batch)
    return distrust(*worker, batch.error().text);
  const auto ticket = lent->ticket;
  const auto records = lent->batch->size();
  ++worker->batches_done;
  worker->records_done += records;
  metrics().worker_records.Increment(static_cast<double>(records));
  give_back(result.number, *worker);
  tell(self_, parameters_.producer,
       messages::ProduceBatch{ticket, std::move(*batch)});
  tell(self_, parameters_.dispatcher, messages::BatchLeftLane{ticket});
}

void RemoteLanes::take_failure(const wire::LaneFailed& report) {
  auto* const worker = speaker();
  auto* const lent = worker ? find(report.number, *worker) : nullptr;
  if (lent == nullptr)
    return;
  const auto ticket = lent->ticket;
  give_back(report.number, *worker);
  // Stages are labels of metrics: not whatever somebody calls one.
  const bool known
    = logic::actor_kind_of(logic::kind_name(report.stage)).has_value();
  report_failure(ticket, known ? report.stage : std::string{name},
                 logic::bounded_text(report.text), report.guilty);
}

void RemoteLanes::report_failure(const logic::BatchTicket& ticket,
                                 std::string stage, std::string text,
                                 bool guilty) {
  tell(
    self_, parameters_.dispatcher,
    messages::BatchFailed{ticket, std::move(stage), std::move(text), guilty});
}

void RemoteLanes::publish(wire::LaneInsight& insight) {
  if (speaker() != nullptr)
    tell(self_, parameters_.producer,
         messages::PublishInsight{
           std::make_shared<const std::string>(std::move(insight.json))});
}

messages::RemoteLanesStatus RemoteLanes::status() const {
  messages::RemoteLanesStatus report;
  for (const auto& [id, worker] : workers_)
    if (worker.life)
      report.lanes.push_back({worker.name, worker.lane, worker.granted_bytes,
                              worker.used_bytes, worker.batches_there,
                              worker.batches_done, worker.records_done});
  std::ranges::sort(report.lanes, {}, &messages::RemoteLaneStatus::lane);
  return report;
}

void RemoteLanes::show_count() {
  metrics().workers.Set(static_cast<double>(workers_.size()));
}

RemoteLanesActor spawn_remote_lanes(caf::actor_system& system,
                                    RemoteLanesParameters parameters) {
  return system.spawn<RemoteLanesActor::stateful_impl<RemoteLanes>>(
    std::move(parameters));
}

} // namespace millrace::actors
