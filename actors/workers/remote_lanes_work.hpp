#pragma once

#include "actors/workers/remote_lanes.hpp"
#include "logic/core/actor_table.hpp"
#include "logic/detection/login_rows.hpp"
#include "messages/links.hpp"
#include "messages/pipeline.hpp"
#include "messages/wire/type_ids.hpp"
#include "messages/workers.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

/// Internal to the remote lanes.
namespace millrace::actors {

namespace wire = messages::wire;
using logic::Incarnation;
using logic::detection::LoginRows;

/// The state of that actor.
class RemoteLanes {
public:
  static inline const char* name
    = name_of(logic::ActorKind::remote_lanes).data();

  RemoteLanes(RemoteLanesActor::pointer self, RemoteLanesParameters parameters)
    : self_(self), parameters_(std::move(parameters)),
      next_number_(parameters_.incarnation.value << 32U),
      next_life_(parameters_.incarnation.value << 32U) {}

  RemoteLanesActor::behavior_type make_behavior();

private:
  /// A worker, and its lane once it has granted credit.
  struct Worker {
    std::string name;
    std::uint64_t peer = 0; ///< its incarnation
    caf::actor link;
    std::uint32_t lane = 0;
    Incarnation
      incarnation; ///< of the lane; risen whenever the lane begins anew
    std::optional<std::uint64_t> life; ///< of the worker's host; none: no lane
    std::uint64_t granted_bytes = 0;
    std::uint64_t used_bytes = 0;
    std::uint64_t batches_there = 0;
    std::uint64_t batches_done = 0;
    std::uint64_t records_done = 0;
    bool distrusted = false; ///< it said what makes no sense
  };

  /// A batch that is with a worker.
  struct Lent {
    logic::BatchTicket ticket;
    logic::RecordBatchPtr batch;
    caf::actor_id worker = 0;
    std::uint64_t bytes = 0;
    /// What the worker asked about it, while that is not answered.
    std::optional<messages::JudgeBatch> question;
  };

  // -- Workers ----------------------------------------------------------------

  void link_up(const messages::Peer& peer);
  void link_down(std::uint64_t incarnation);
  void remove(caf::actor_id id);
  std::optional<std::uint32_t> free_lane() const;

  /// Null where nobody of ours says it, or one who is not listened to.
  Worker* speaker();

  /// A worker that errs once may err in everything. Its batches are dealt
  /// again, and not to it.
  void distrust(Worker& worker, const std::string& why);

  // -- Lanes ------------------------------------------------------------------

  void take_window(const wire::LaneWindow& window);
  void attach(const Worker& worker);
  void detach(std::uint32_t lane, Incarnation incarnation);
  void end_lane(caf::actor_id id, Worker& worker);
  void repeat();

  // -- Batches ----------------------------------------------------------------

  void lend(messages::ValidateBatch& order);

  /// The batch of that number, if it is with that worker. One that was dealt
  /// again meanwhile is not, and nothing is wrong with that.
  Lent* find(std::uint64_t number, const Worker& worker);
  void give_back(std::uint64_t number, Worker& worker);
  void forget_lent(caf::actor_id worker);
  void take_result(const wire::LaneResult& result);
  void take_failure(const wire::LaneFailed& report);
  void report_failure(const logic::BatchTicket& ticket, std::string stage,
                      std::string text, bool guilty);

  // -- Judgements -------------------------------------------------------------

  void take_question(const wire::LaneQuestion& question);
  static bool are_of(const LoginRows& rows, const logic::RecordBatch& batch);

  /// No time-out: the router answers in time or is replaced.
  void ask(std::uint64_t number, const messages::JudgeBatch& question);
  void ask_again();
  void pass_on(std::uint64_t number, const messages::BatchJudged& answer);

  /// It is dealt again, so that the worker need not finish it.
  void give_up(std::uint64_t number, std::string text);

  // -- The rest ---------------------------------------------------------------

  void publish(wire::LaneInsight& insight);
  messages::RemoteLanesStatus status() const;
  void show_count();

  Metrics& metrics() const { return *parameters_.surroundings.metrics; }

  RemoteLanesActor::pointer self_;
  RemoteLanesParameters parameters_;
  std::map<caf::actor_id, Worker> workers_; ///< by link
  std::map<std::uint64_t, Lent> lent_; ///< by number
  std::uint64_t next_number_;
  std::uint64_t next_life_;
};

} // namespace millrace::actors
