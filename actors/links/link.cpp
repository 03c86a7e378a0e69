#include "actors/links/link.hpp"

#include "messages/lifecycle.hpp"
#include "messages/links.hpp"
#include "messages/wire/type_ids.hpp"

#include <caf/actor_clock.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/response_promise.hpp>
#include <caf/stateful_actor.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

namespace millrace::actors {

namespace {

namespace wire = messages::wire;

class LinkState {
public:
  static inline const char* name = "link";

  LinkState(caf::event_based_actor* self, LinkParameters parameters)
    : self_(self), parameters_(std::move(parameters)) {
    if (parameters_.inbound)
      peer_ = parameters_.counterpart;
  }

private:
  /// A request that was passed on and is not answered.
  struct Open {
    caf::response_promise promise;
    caf::actor_clock::time_point deadline;
    std::size_t bytes = 0;
  };

  /// Passes a request on, from whichever side it comes to the other. The peer
  /// has no more under way than one and what this node ever grants.
  template <class Request, class Answer, class BytesOf>
  auto relay(BytesOf bytes_of) {
    return [this, bytes_of](Request& request) -> caf::result<Answer> {
      if (!is_from_peer())
        return ask_peer<Answer>(std::move(request));
      const auto bytes = bytes_of(request);
      if (answering_bytes_ != 0
          && answering_bytes_ + bytes > parameters_.answered_bytes)
        return caf::make_error(caf::sec::request_receiver_down);
      if (auto router = parameters_.router ? parameters_.router()
                                           : caf::actor{})
        return ask<Answer>(router, std::move(request), bytes);
      return caf::make_error(caf::sec::request_receiver_down);
    };
  }

  /// Passes on what is no request, from whichever side it comes to the other.
  template <class Message>
  auto pass() {
    return [this](Message& message) {
      if (is_from_peer()) {
        if (auto lanes = parameters_.lanes ? parameters_.lanes() : caf::actor{})
          self_->send(lanes, std::move(message));
      } else if (peer_ && is_from_here()) {
        say(peer_, std::move(message));
      }
    };
  }

public:
  caf::behavior make_behavior() {
    harden(self_);
    // An order to end comes as `EndLink`, which cannot travel.
    self_->set_exit_handler([](caf::scheduled_actor*, caf::exit_msg&) {});
    self_->set_down_handler([this](caf::scheduled_actor*, caf::down_msg& down) {
      if (down.source == peer_ || down.source == parameters_.counterpart)
        self_->quit(logic_error("the connection is gone"));
    });
    self_->monitor(parameters_.counterpart);
    if (parameters_.inbound)
      say(peer_, wire::Welcome{parameters_.self});
    else
      say(parameters_.counterpart, wire::Hello{parameters_.self});
    return {
      [this](wire::Welcome& welcome) { on_welcome(welcome); },
      [this](wire::Refused& refused) { on_refused(refused); },
      [this](wire::ShardOwners& owners) {
        if (is_from_peer())
          caf::anon_send(
            parameters_.keeper,
            messages::OwnersHeard{own(), std::move(owners.shards)});
      },
      [this](const wire::QuestionCredit& credit) {
        if (is_from_peer())
          caf::anon_send(parameters_.keeper,
                         messages::CreditHeard{own(), credit.bytes});
      },
      [this](const wire::Ping& ping) -> caf::result<wire::Pong> {
        if (is_from_peer())
          return wire::Pong{ping.number};
        return ask_peer<wire::Pong>(ping);
      },
      // Each further pair of request and answer is a line here.
      relay<wire::JudgeRequest, wire::JudgeAnswer>(
        [](const wire::JudgeRequest& request) { return request.rows.size(); }),
      pass<wire::LaneOpen>(),
      pass<wire::LaneWork>(),
      pass<wire::LaneAnswer>(),
      pass<wire::LaneDrop>(),
      pass<wire::LaneWindow>(),
      pass<wire::LaneQuestion>(),
      pass<wire::LaneResult>(),
      pass<wire::LaneFailed>(),
      pass<wire::LaneInsight>(),
      [this](const messages::AnnounceOwners& owners) {
        if (peer_)
          say(peer_, wire::ShardOwners{owners.shards});
      },
      [this](const messages::GrantCredit& order) {
        if (peer_)
          say(peer_, wire::QuestionCredit{order.bytes});
      },
      [this](const messages::EndLink& order) { end(order.refusal); },
      [this](messages::Tick) { give_up_late(); },
    };
  }

private:
  template <class Answer, class Request>
  caf::result<Answer> ask_peer(Request&& request) {
    if (!peer_ || !is_from_here())
      return caf::make_error(caf::sec::request_receiver_down);
    return ask<Answer>(caf::actor_cast<caf::actor>(peer_),
                       std::forward<Request>(request));
  }

  /// Errors cross as bare codes: a text in one would not pass the gate.
  template <class Answer, class Request>
  caf::result<Answer>
  ask(const caf::actor& whom, Request&& request, std::size_t bytes = 0) {
    auto promise = self_->make_response_promise();
    const auto number = next_number_++;
    open_.emplace(
      number,
      Open{promise, self_->clock().now() + parameters_.request_limit, bytes});
    answering_bytes_ += bytes;
    keep_ticking();
    // A time-out of each would wake the clock's thread twice.
    self_->request(whom, caf::infinite, std::forward<Request>(request))
      .then(
        [this, promise, number](Answer& answer) mutable {
          if (close(number))
            promise.deliver(std::move(answer));
        },
        [this, promise, number](const caf::error&) mutable {
          if (close(number))
            promise.deliver(caf::make_error(caf::sec::request_receiver_down));
        });
    return caf::delegated<Answer>{};
  }

  /// False where it was given up before.
  bool close(std::uint64_t number) {
    const auto found = open_.find(number);
    if (found == open_.end())
      return false;
    answering_bytes_ -= found->second.bytes;
    open_.erase(found);
    return true;
  }

  void give_up_late() {
    ticking_ = false;
    while (!open_.empty()
           && open_.begin()->second.deadline <= self_->clock().now()) {
      auto promise = open_.begin()->second.promise;
      close(open_.begin()->first);
      promise.deliver(caf::make_error(caf::sec::request_timeout));
    }
    if (!open_.empty())
      keep_ticking();
  }

  void keep_ticking() {
    if (!std::exchange(ticking_, true))
      self_->delayed_send(self_, parameters_.request_limit / 10,
                          messages::Tick{});
  }

  /// What a peer passes off as local has its own node as sender, or none.
  bool is_from_here() const {
    const auto& sender = self_->current_sender();
    return sender && sender->node() == self_->node();
  }

  bool is_from_peer() const {
    return peer_ && self_->current_sender() == peer_;
  }

  caf::strong_actor_ptr own() const {
    return caf::actor_cast<caf::strong_actor_ptr>(self_->address());
  }

  static caf::error logic_error(std::string text) {
    return messages::to_caf_error(
      {logic::ErrorCode::unavailable, std::move(text)});
  }

  template <class Message>
  void say(const caf::strong_actor_ptr& whom, Message&& message) {
    self_->send(caf::actor_cast<caf::actor>(whom),
                std::forward<Message>(message));
  }

  void on_welcome(wire::Welcome& welcome) {
    const auto& sender = self_->current_sender();
    // It comes from the far end of the link, which only then becomes known,
    // and must be on the node of the door.
    if (peer_ || !sender || sender->node() != parameters_.counterpart->node())
      return;
    peer_ = sender;
    self_->monitor(peer_);
    caf::anon_send(parameters_.keeper,
                   messages::LinkAnswered{own(), std::move(welcome.node)});
  }

  void on_refused(const wire::Refused& refused) {
    const auto& sender = self_->current_sender();
    if (!sender || sender->node() != parameters_.counterpart->node())
      return;
    caf::anon_send(parameters_.keeper,
                   messages::LinkRefused{own(), refused.reason, refused.text,
                                         refused.incarnation});
    self_->quit(logic_error("the peer ended it: " + refused.text));
  }

  void end(const logic::links::Refusal& refusal) {
    if (refusal.reason != logic::links::RefusalReason::none)
      say(peer_ ? peer_ : parameters_.counterpart,
          wire::Refused{static_cast<std::uint8_t>(refusal.reason), refusal.text,
                        parameters_.self.incarnation});
    self_->quit(logic_error(refusal.text));
  }

  caf::event_based_actor* self_;
  LinkParameters parameters_;
  caf::strong_actor_ptr peer_; ///< the other end, once it is known
  std::size_t answering_bytes_ = 0; ///< of questions of the peer
  std::map<std::uint64_t, Open> open_; ///< the oldest first
  std::uint64_t next_number_ = 0;
  bool ticking_ = false;
};

} // namespace

caf::actor spawn_link(caf::actor_system& system, LinkParameters parameters) {
  return system.spawn<caf::stateful_actor<LinkState>>(std::move(parameters));
}

} // namespace millrace::actors
