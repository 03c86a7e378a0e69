#include "actors/supervision/supervisor.hpp"

#include "logic/supervision/supervision_tree.hpp"
#include "messages/faults.hpp"
#include "messages/lifecycle.hpp"
#include "messages/status.hpp"
#include "messages/supervision.hpp"

#include <caf/actor_clock.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <deque>
#include <optional>
#include <utility>
#include <vector>

namespace millrace::actors {

namespace {

namespace supervision = logic::supervision;
using supervision::ChildId;
using supervision::Ending;
using supervision::Step;

/// What every child understands.
using AnyChild = Supervised<>;

constexpr std::size_t kept_recoveries = 20'000;

class SupervisorState {
public:
  static inline const char* name = "supervisor";

  SupervisorState(SupervisorActor::pointer self,
                  SupervisorParameters parameters)
    : self_(self), parameters_(std::move(parameters)),
      tree_(parameters_.tree, parameters_.heartbeat, parameters_.seed),
      children_(tree_.children()) {}

  SupervisorActor::behavior_type make_behavior() {
    harden(self_);
    // Nobody supervises the supervisor.
    self_->attach_functor(
      [give_up = parameters_.on_give_up](const caf::error& reason) {
        if (reason && reason != caf::exit_reason::user_shutdown)
          give_up("the supervisor ended: " + caf::to_string(reason));
      });
    self_->set_down_handler([this](caf::down_msg& down) { on_down(down); });
    carry_out(tree_.start(now()));
    return {
      [this](messages::Tick) {
        wake_at_.reset();
        carry_out(tree_.advance(now()));
      },
      [this](messages::StopChildren) {
        tree_.stop(now());
        for (auto child = children_.rbegin(); child != children_.rend();
             ++child)
          if (child->actor)
            self_->send_exit(child->actor->address(),
                             caf::exit_reason::user_shutdown);
        self_->quit();
      },
      [this](const messages::PassOnFault& order) { return pass_on(order); },
      [this](messages::ReportStatus) {
        messages::SupervisorStatus status{tree_.status(), {}};
        for (std::uint32_t id = 0; id != children_.size(); ++id)
          status.mailboxes.emplace(tree_.name(ChildId{id}),
                                   children_[id].mailbox);
        return status;
      },
      [this](messages::ListRecoveries) {
        return messages::Recoveries{{recoveries_.begin(), recoveries_.end()}};
      },
    };
  }

private:
  using TimePoint = caf::actor_clock::time_point;

  struct Child {
    caf::strong_actor_ptr actor;
    logic::Incarnation incarnation;
    std::size_t mailbox = 0;
    std::optional<TimePoint> failed_at; ///< until the next sign of life
    std::optional<TimePoint> started_at;
    std::string cause;
    bool hung = false; ///< that was the cause
  };

  TimePoint now() const { return self_->clock().now(); }

  // -- What the tree decides --------------------------------------------------

  void carry_out(supervision::SupervisionTree::Steps steps) {
    pending_.insert(pending_.end(), std::make_move_iterator(steps.begin()),
                    std::make_move_iterator(steps.end()));
    if (std::exchange(busy_, true))
      return; // further out on the stack
    while (!pending_.empty()) {
      const auto step = std::move(pending_.front());
      pending_.pop_front();
      take(step);
    }
    busy_ = false;
    wake_when_due();
  }

  void take(const Step& step) {
    switch (step.kind) {
      case Step::Kind::start:
        start(step);
        break;
      case Step::Kind::stop:
        stop(step);
        break;
      case Step::Kind::ping:
        ping(step);
        break;
      case Step::Kind::give_up:
        parameters_.on_give_up(step.text);
        break;
    }
  }

  void start(const Step& step) {
    if (tree_.over())
      return;
    auto& child = children_[step.child.value];
    const auto& child_name = tree_.name(step.child);
    auto started = parameters_.starts.at(child_name)(step.incarnation);
    if (!started) {
      if (started.error().code == logic::ErrorCode::unrecoverable)
        give_up(child_name + ": " + started.error().text);
      else
        on_end(step.child, step.incarnation, Ending::failure,
               started.error().text);
      return;
    }
    child.actor = std::move(*started);
    child.incarnation = step.incarnation;
    child.started_at = now();
    lives_[child.actor->address()] = {step.child, step.incarnation};
    self_->monitor(child.actor->address());
    if (child.failed_at)
      await_first_sign(step.child, step.incarnation);
  }

  void stop(const Step& step) {
    // Once the tree gave up, who still lives is needed to drain the node.
    auto& child = children_[step.child.value];
    if (child.incarnation != step.incarnation || !child.actor || tree_.over())
      return;
    // Whoever shares another's fate is down as well.
    note_failure(step.child, step.text, step.hung ? "hang" : "sibling");
    child.hung = step.hung;
    if (step.hung)
      warn("an actor hangs", step.child, step.text,
           "another takes its place, its work is done again");
    self_->send_exit(child.actor->address(), caf::exit_reason::user_shutdown);
    child.actor.reset();
  }

  void ping(const Step& step) {
    auto& child = children_[step.child.value];
    if (!child.actor)
      return;
    const auto [id, incarnation, number] = std::tuple{
      step.child, step.incarnation, step.ping};
    self_
      ->request(caf::actor_cast<AnyChild>(child.actor), caf::infinite,
                messages::Heartbeat{})
      .then(
        [this, id = id, incarnation = incarnation,
         number = number](const messages::HeartbeatAnswer& answer) {
          children_[id.value].mailbox = answer.mailbox;
          tree_.on_answer(id, incarnation, number);
          wake_when_due();
        },
        [](const caf::error&) {}); // its end is reported otherwise
  }

  void give_up(const std::string& why) {
    tree_.stop(now());
    parameters_.on_give_up(why);
  }

  void wake_when_due() {
    const auto due = tree_.next_due();
    if (!due || (wake_at_ && *wake_at_ <= *due))
      return;
    wake_at_ = due;
    self_->scheduled_send(self_, *due, messages::Tick{});
  }

  // -- What happens -----------------------------------------------------------

  void on_down(const caf::down_msg& down) {
    const auto found = lives_.find(down.source);
    if (found == lives_.end())
      return;
    const auto [id, incarnation] = found->second;
    lives_.erase(found);
    auto& child = children_[id.value];
    const bool current = child.incarnation == incarnation && child.actor;
    if (current)
      child.actor.reset();
    if (current && needs_a_new_process(down.reason)) {
      pending_.clear();
      give_up(tree_.name(id) + ": " + caf::to_string(down.reason));
      carry_out({});
      return;
    }
    const auto failed = down.reason && down.reason != caf::exit_reason::normal;
    on_end(id, incarnation, failed ? Ending::failure : Ending::normal,
           caf::to_string(down.reason));
  }

  void on_end(ChildId id, logic::Incarnation incarnation, Ending ending,
              const std::string& error) {
    if (ending == Ending::failure && tree_.is_current(id, incarnation)
        && !tree_.over()) {
      note_failure(id, error, "failure");
      warn("an actor failed", id, error,
           "it is started anew, its work is done again");
    }
    carry_out(tree_.on_ended(id, incarnation, ending, error, now()));
  }

  /// Trying again cannot help where the right to produce is denied or a
  /// committed offset is missing. (A topic that is missing or denied ends no
  /// actor: it is waited for.)
  static bool needs_a_new_process(const caf::error& reason) {
    return reason == logic::ErrorCode::unrecoverable
           || reason == logic::ErrorCode::not_found
           || reason == logic::ErrorCode::unauthorized
           || reason == logic::ErrorCode::invalid_config;
  }

  /// `reason` is a label of the metric: failure, hang or sibling.
  void note_failure(ChildId id, const std::string& cause, const char* reason) {
    auto& child = children_[id.value];
    child.failed_at = child.failed_at.value_or(now());
    child.cause = cause;
    parameters_.surroundings.metrics->count_restart(
      logic::kind_name(tree_.name(id)), reason);
  }

  void warn(const char* what, ChildId id, const std::string& error,
            const char* consequence) {
    parameters_.surroundings.log->limited(now(), logic::LogLevel::warn, name,
                                          what,
                                          {{"actor", tree_.name(id)},
                                           {"error", error},
                                           {"consequence", consequence}});
  }

  /// Recovered means: an answer came through the new actor's mailbox.
  void await_first_sign(ChildId id, logic::Incarnation incarnation) {
    auto& child = children_[id.value];
    self_
      ->request(caf::actor_cast<AnyChild>(child.actor), caf::infinite,
                messages::Heartbeat{})
      .then(
        [this, id, incarnation](const messages::HeartbeatAnswer&) {
          if (tree_.is_current(id, incarnation))
            note_recovery(id);
        },
        [](const caf::error&) {});
  }

  void note_recovery(ChildId id) {
    using std::chrono::duration_cast;
    using std::chrono::microseconds;
    auto& child = children_[id.value];
    if (!child.failed_at || !child.started_at)
      return;
    const auto failed_at = *std::exchange(child.failed_at, std::nullopt);
    messages::Recovery recovery;
    recovery.actor = tree_.name(id);
    recovery.cause = child.cause;
    recovery.hung = std::exchange(child.hung, false);
    recovery.found_at = failed_at;
    recovery.total = duration_cast<microseconds>(now() - failed_at);
    recovery.waited = duration_cast<microseconds>(*child.started_at
                                                  - failed_at);
    parameters_.surroundings.metrics->time_to_recover.Observe(
      static_cast<double>(recovery.total.count()) / 1e6);
    parameters_.surroundings.log->limited(
      now(), logic::LogLevel::warn, name, "an actor was started anew",
      {{"actor", recovery.actor},
       {"cause", recovery.cause},
       {"down_us", recovery.total.count()},
       {"of_it_back_off_us", recovery.waited.count()},
       {"incarnation", child.incarnation.value}});
    if (recoveries_.size() == kept_recoveries)
      recoveries_.pop_front();
    recoveries_.push_back(std::move(recovery));
  }

  std::uint32_t pass_on(const messages::PassOnFault& order) {
    std::uint32_t count = 0;
    for (std::uint32_t id = 0; id != children_.size(); ++id)
      if (children_[id].actor
          && is_meant(order.order, tree_.name(ChildId{id}))) {
        ++count;
        self_->send(caf::actor_cast<AnyChild>(children_[id].actor),
                    messages::InjectFault{order.order});
      }
    return count;
  }

  SupervisorActor::pointer self_;
  SupervisorParameters parameters_;
  supervision::SupervisionTree tree_;
  std::vector<Child> children_; ///< by id
  std::map<caf::actor_addr, std::pair<ChildId, logic::Incarnation>> lives_;
  std::deque<Step> pending_;
  bool busy_ = false;
  std::optional<TimePoint> wake_at_;
  std::deque<messages::Recovery> recoveries_;
};

} // namespace

SupervisorActor spawn_supervisor(caf::actor_system& system,
                                 SupervisorParameters parameters) {
  using Life = SupervisorActor::stateful_impl<SupervisorState>;
  return parameters.own_thread
           ? system.spawn<Life, caf::detached>(std::move(parameters))
           : system.spawn<Life>(std::move(parameters));
}

} // namespace millrace::actors
