#include "actors/links/link_keeper.hpp"

#include "actors/links/link.hpp"
#include "actors/links/link_table.hpp"
#include "actors/links/refusal_log.hpp"
#include "logic/links/dial_plan.hpp"
#include "messages/lifecycle.hpp"
#include "messages/links.hpp"
#include "messages/status.hpp"
#include "messages/wire/type_ids.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

namespace millrace::actors {

namespace {

namespace wire = messages::wire;
using logic::links::DialPlan;
using logic::links::Endpoint;
using logic::links::NodeIdentity;
using logic::links::Refusal;
using logic::links::RefusalReason;
using Time = std::chrono::steady_clock::time_point;

constexpr std::chrono::milliseconds tick{200};
constexpr std::chrono::milliseconds probe_interval{1'000};
/// For a hello to be answered: some round trips, of machines under load.
constexpr std::chrono::milliseconds greeting_limit{3'000};

class LinkKeeperState {
public:
  static inline const char* name = name_of(logic::ActorKind::links).data();

  LinkKeeperState(LinksActor::pointer self, LinkKeeperParameters parameters)
    : self_(self), parameters_(std::move(parameters)),
      identity_(parameters_.self),
      refusals_(parameters_.surroundings.log, parameters_.surroundings.metrics,
                parameters_.surroundings.clock) {
    identity_.incarnation = parameters_.draw_incarnation();
    plan_.emplace(DialPlan::Timing{}, identity_.incarnation);
  }

  ~LinkKeeperState() {
    links_.for_each([this](const Link& link) {
      parameters_.transport->expel(link.handle.id());
      caf::anon_send(link.handle, messages::EndLink{});
    });
  }

  LinksActor::behavior_type make_behavior() {
    harden(self_);
    self_->set_down_handler([this](caf::scheduled_actor*, caf::down_msg& down) {
      on_down(down.source.id(), down.reason);
    });
    metrics().links.Set(0);
    plan_->set_targets(parameters_.targets(), now());
    dial();
    self_->delayed_send(self_, tick, messages::Tick{});
    return {
      [this](messages::AnnounceOwners& owners) { announce(std::move(owners)); },
      [this](messages::ListPeers) { list_peers(); },
      [this](const messages::TargetsFound& found) {
        plan_->set_targets(found.targets, now());
        dial();
      },
      [this](const messages::DialEnded& ended) { on_dialled(ended); },
      [this](const messages::ConnectionRefused& refused) {
        refusals_.note(refused.address, refused.refusal, now());
      },
      [this](messages::HelloReceived& hello) { on_hello(hello); },
      [this](messages::LinkAnswered& answered) { on_answer(answered); },
      [this](const messages::LinkRefused& refused) { on_refused(refused); },
      [this](messages::OwnersHeard& heard) { on_owners(heard); },
      [this](const messages::CreditHeard& heard) { on_credit(heard); },
      [this](messages::Tick) { on_tick(); },
      [this](messages::ReportStatus) { return status(); },
      answer_heartbeats(self_),
      obey_faults(parameters_.surroundings),
    };
  }

private:
  // -- Dialling ---------------------------------------------------------------

  void dial() {
    for (const auto& endpoint : plan_->take_due(now()))
      parameters_.transport->dial(endpoint, LinksActor{self_});
  }

  void on_dialled(const messages::DialEnded& ended) {
    if (ended.is_self) {
      plan_->is_self(ended.endpoint);
    } else if (!ended.door) {
      const auto address = to_string(ended.endpoint);
      if (ended.refusal.reason == RefusalReason::none) {
        plan_->failed(ended.endpoint, now());
        refusals_.note_unreachable(address, ended.error, now());
      } else {
        plan_->refused(ended.endpoint, now());
        refusals_.note(address, ended.refusal, now());
      }
    } else {
      Link link;
      link.counterpart = ended.door;
      link.endpoint = ended.endpoint;
      link.address = to_string(ended.endpoint);
      begin(std::move(link));
    }
  }

  /// Starts the local end.
  Link& begin(Link link) {
    link.begun = now();
    link.since_ms = parameters_.surroundings.clock->now_ms();
    link.handle = spawn_link(self_->system(),
                             {.self = identity_,
                              .counterpart = link.counterpart,
                              .inbound = link.inbound(),
                              .keeper = LinksActor{self_},
                              .router = parameters_.router,
                              .lanes = parameters_.lanes,
                              .answered_bytes = parameters_.answered_bytes});
    self_->monitor(link.handle);
    parameters_.transport->admit(link.handle.id());
    return links_.add(std::move(link));
  }

  // -- Greeting ---------------------------------------------------------------

  void on_hello(messages::HelloReceived& hello) {
    const auto address = parameters_.transport->address_of(hello.from);
    auto refusal = logic::links::refusal_of(identity_, hello.node);
    if (!refusal)
      refusal = refusal_of_one_more(hello.node.incarnation, true);
    if (refusal) {
      refusals_.note(address, *refusal, now());
      caf::anon_send(
        parameters_.door,
        messages::TurnAway{hello.from, *refusal, identity_.incarnation});
      return;
    }
    Link link;
    link.counterpart = hello.from;
    link.address = address;
    auto& begun = begin(std::move(link));
    come_up(begun, std::move(hello.node));
  }

  void on_answer(messages::LinkAnswered& answered) {
    auto* link = links_.find(answered.link);
    if (link == nullptr || link->node)
      return;
    auto refusal = logic::links::refusal_of(identity_, answered.node);
    if (!refusal)
      refusal = refusal_of_one_more(answered.node.incarnation, false);
    if (!refusal)
      return come_up(*link, std::move(answered.node));
    note_refusal(*link, *refusal, answered.node.incarnation);
    caf::anon_send(link->handle, messages::EndLink{*refusal});
  }

  std::optional<Refusal> refusal_of_one_more(std::uint64_t peer, bool inbound) {
    if (links_.is_superfluous(identity_.incarnation, peer, inbound))
      return duplicate();
    if (links_.linked_with(peer) == nullptr
        && links_.count_linked() >= parameters_.max_links)
      return Refusal{RefusalReason::too_many,
                     identity_.name + " has as many links as it may"};
    return std::nullopt;
  }

  static Refusal duplicate() {
    return {RefusalReason::duplicate, "the two nodes are linked already"};
  }

  void come_up(Link& link, NodeIdentity node) {
    if (auto* former = links_.linked_with(node.incarnation))
      caf::anon_send(former->handle, messages::EndLink{duplicate()});
    else
      parameters_.surroundings.log->info(
        name, "linked",
        {{"peer", node.name},
         {"address", link.address},
         {"role", to_string(node.role)},
         {"version", node.version},
         {"dialled_by", link.inbound() ? "peer" : "us"}});
    if (link.endpoint)
      plan_->linked(*link.endpoint, node.incarnation);
    if (const auto advertised = logic::links::parse_endpoint(node.advertised))
      plan_->linked(*advertised, node.incarnation);
    refusals_.forget(link.address);
    link.node = std::move(node);
    tell_watchers(messages::LinkUp{link.peer()});
    if (!owners_.shards.empty())
      caf::anon_send(link.handle, owners_);
    on_count();
    probe(link);
  }

  void on_refused(const messages::LinkRefused& refused) {
    auto* link = links_.find(refused.link);
    if (link == nullptr)
      return;
    const Refusal refusal{static_cast<RefusalReason>(refused.reason),
                          refused.text};
    if (link->node)
      parameters_.surroundings.log->info(
        name, "the peer ended the link",
        {{"peer", link->node->name}, {"reason", refusal.text}});
    else
      note_refusal(*link, refusal, refused.incarnation);
  }

  /// A link that did not come about, for whatever side's reason.
  void note_refusal(const Link& link, const Refusal& refusal,
                    std::uint64_t peer) {
    refusals_.note(link.address, refusal, now());
    if (!link.endpoint)
      return;
    if (refusal.reason != RefusalReason::duplicate) {
      plan_->refused(*link.endpoint, now());
      hang_up(link);
    } else if (peer == identity_.incarnation) {
      plan_->is_self(*link.endpoint);
    } else if (links_.linked_with(peer) != nullptr) {
      plan_->linked(*link.endpoint, peer);
    } else {
      plan_->failed(*link.endpoint, now());
    }
  }

  /// Unless the same node is linked otherwise.
  void hang_up(const Link& link) {
    if (!links_.linked_with(link.counterpart->node()))
      parameters_.transport->hang_up(link.counterpart);
  }

  // -- The end of a link ------------------------------------------------------

  void on_down(caf::actor_id id, const caf::error& reason) {
    const auto link = links_.remove(id);
    if (!link)
      return;
    parameters_.transport->expel(id);
    if (!link->node) {
      if (link->endpoint)
        plan_->failed(*link->endpoint, now());
      return;
    }
    on_count();
    const auto& node = *link->node;
    if (links_.linked_with(node.incarnation) != nullptr)
      return; // another one took its place
    plan_->lost(node.incarnation, now());
    metrics().link_round_trips.remove(node.name);
    metrics().link_credit.remove(node.name);
    const auto why = reason_of(reason);
    parameters_.surroundings.log->warn(
      name, "link lost",
      {{"peer", node.name},
       {"address", link->address},
       {"reason", why},
       {"linked_ms",
        parameters_.surroundings.clock->now_ms() - link->since_ms}});
    tell_watchers(messages::LinkDown{node.incarnation, node.name, why});
  }

  // -- Keeping in touch -------------------------------------------------------

  void on_tick() {
    self_->delayed_send(self_, tick, messages::Tick{});
    dial();
    links_.for_each([this](Link& link) {
      if (link.node || now() - link.begun <= greeting_limit)
        return;
      note_refusal(
        link,
        {RefusalReason::no_hello, "the node there does not answer a hello"}, 0);
      caf::anon_send(link.handle, messages::EndLink{});
    });
    if (now() < next_probe_)
      return;
    next_probe_ = now() + probe_interval;
    links_.for_each_linked([this](const Link& link) { probe(link); });
  }

  void probe(const Link& link) {
    self_->request(link.handle, probe_interval, wire::Ping{++pings_})
      .then(
        [this, id = link.handle.id(), began = now()](const wire::Pong&) {
          auto* const found = links_.find(id);
          if (found == nullptr)
            return;
          const auto took = now() - began;
          found->round_trip
            = std::chrono::duration_cast<std::chrono::microseconds>(took);
          metrics().link_round_trips.set(
            found->node->name, std::chrono::duration<double>(took).count());
        },
        [](const caf::error&) {});
  }

  void on_owners(messages::OwnersHeard& heard) {
    auto* link = links_.find(heard.link);
    if (link == nullptr || !link->node)
      return;
    link->owners = std::move(heard.shards);
    tell_watchers(messages::PeerOwners{link->node->incarnation, link->owners});
  }

  void on_credit(const messages::CreditHeard& heard) {
    auto* link = links_.find(heard.link);
    if (link == nullptr || !link->node)
      return;
    link->credit_bytes = heard.bytes;
    metrics().link_credit.set(link->node->name,
                              static_cast<double>(heard.bytes));
    tell_watchers(messages::PeerCredit{link->node->incarnation, heard.bytes});
  }

  void announce(messages::AnnounceOwners owners) {
    owners_ = std::move(owners);
    links_.for_each_linked(
      [this](const Link& link) { caf::anon_send(link.handle, owners_); });
  }

  /// The peers share what this node can answer.
  void on_count() {
    const auto count = links_.count_linked();
    metrics().links.Set(static_cast<double>(count));
    links_.for_each_linked([this](const Link& link) {
      caf::anon_send(link.handle, messages::GrantCredit{links_.share_of(
                                    parameters_.answered_bytes)});
    });
  }

  // -- Those who want to know -------------------------------------------------

  template <class Message>
  void tell_watchers(const Message& message) {
    for (const auto& each : parameters_.watchers)
      if (auto watcher = each())
        caf::anon_send(watcher, message);
  }

  void list_peers() {
    const auto asker = caf::actor_cast<caf::actor>(self_->current_sender());
    if (!asker)
      return;
    links_.for_each_linked([&asker](const Link& link) {
      const auto incarnation = link.node->incarnation;
      caf::anon_send(asker, messages::LinkUp{link.peer()});
      caf::anon_send(asker, messages::PeerOwners{incarnation, link.owners});
      caf::anon_send(asker,
                     messages::PeerCredit{incarnation, link.credit_bytes});
    });
  }

  messages::LinksStatus status() const {
    messages::LinksStatus report;
    report.self = identity_;
    report.links = links_.status(links_.share_of(parameters_.answered_bytes));
    report.unlinked = refusals_.latest();
    return report;
  }

  // ---------------------------------------------------------------------------

  Time now() const { return self_->clock().now(); }
  Metrics& metrics() const { return *parameters_.surroundings.metrics; }

  LinksActor::pointer self_;
  LinkKeeperParameters parameters_;
  NodeIdentity identity_;
  RefusalLog refusals_;
  std::optional<DialPlan> plan_;
  LinkTable links_;
  messages::AnnounceOwners owners_; ///< of this node
  std::uint64_t pings_ = 0;
  Time next_probe_{};
};

} // namespace

LinksActor spawn_link_keeper(caf::actor_system& system,
                             LinkKeeperParameters parameters) {
  return system.spawn<LinksActor::stateful_impl<LinkKeeperState>>(
    std::move(parameters));
}

} // namespace millrace::actors
