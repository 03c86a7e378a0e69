#include "actors/workers/remote_lanes_work.hpp"

#include "actors/links/link.hpp"
#include "logic/detection/judgement_codec.hpp"
#include "logic/detection/login_rows_codec.hpp"

#include <algorithm>
#include <memory>
#include <utility>

/// What workers ask about their batches: users are judged here.
namespace millrace::actors {

using logic::detection::ShardSet;

void RemoteLanes::take_question(const wire::LaneQuestion& question) {
  auto* const worker = speaker();
  auto* const lent = worker ? find(question.number, *worker) : nullptr;
  if (lent == nullptr)
    return;
  auto rows = logic::detection::decode_rows(question.rows,
                                            parameters_.shard_count);
  if (!rows)
    return distrust(*worker, rows.error().text);
  if (!parameters_.router || lent->question || !are_of(*rows, *lent->batch))
    return distrust(*worker, "a question that is not about its batch");
  // The router knows a batch of this node by its raw bytes.
  auto validated = std::make_shared<logic::ValidatedBatch>();
  validated->raw = lent->batch;
  auto enriched = std::make_shared<logic::EnrichedBatch>();
  enriched->validated = std::move(validated);
  lent->question = messages::JudgeBatch{
    lent->ticket, std::move(enriched),
    std::make_shared<const LoginRows>(std::move(*rows))};
  ask(question.number, *lent->question);
}

bool RemoteLanes::are_of(const LoginRows& rows,
                         const logic::RecordBatch& batch) {
  return rows.topic == batch.topic() && rows.partition == batch.partition()
         && rows.first == batch.first_offset()
         && rows.last == batch.last_offset()
         && rows.users.size() <= batch.size()
         && rows.addresses.size() <= batch.size();
}

void RemoteLanes::ask(std::uint64_t number,
                      const messages::JudgeBatch& question) {
  const auto router = parameters_.router->current();
  if (!router)
    return; // asked again once it is there
  self_->request(router, caf::infinite, question)
    .then([this, number](
            const messages::BatchJudged& answer) { pass_on(number, answer); },
          [this, number](const caf::error& error) {
            // Of one that died nothing more comes; its successor is asked.
            if (error == logic::ErrorCode::stage_failed)
              give_up(number, to_string(error));
          });
}

void RemoteLanes::ask_again() {
  for (const auto& [number, lent] : lent_)
    if (lent.question)
      ask(number, *lent.question);
}

void RemoteLanes::pass_on(std::uint64_t number,
                          const messages::BatchJudged& answer) {
  const auto found = lent_.find(number);
  if (found == lent_.end() || !found->second.question)
    return;
  const auto rows = std::exchange(found->second.question, {})->rows;
  auto bytes = logic::detection::encode_judgements(*rows, answer.judgements);
  if (bytes.size() > wire::max_lane_bytes) {
    const auto none = std::make_shared<logic::ShardJudgements>(
      logic::detection::unjudged(*rows, ShardSet{}.set()));
    bytes = logic::detection::encode_judgements(*rows, {{none}});
  }
  tell_peer(self_, workers_.at(found->second.worker).link,
            wire::LaneAnswer{number, std::move(bytes)});
}

void RemoteLanes::give_up(std::uint64_t number, std::string text) {
  const auto found = lent_.find(number);
  if (found == lent_.end() || !found->second.question)
    return;
  auto& worker = workers_.at(found->second.worker);
  const auto ticket = found->second.ticket;
  tell_peer(self_, worker.link, wire::LaneDrop{number});
  give_back(number, worker);
  report_failure(ticket,
                 std::string{name_of(logic::ActorKind::anomaly_detector)},
                 std::move(text), true);
}

} // namespace millrace::actors
