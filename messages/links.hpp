#pragma once

#include "logic/links/dial_plan.hpp"
#include "logic/links/node_identity.hpp"
#include "messages/wire/links.hpp"

#include <caf/actor.hpp>
#include <caf/actor_control_block.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// What is said within a node about its links to others.
namespace millrace::messages {

/// A node that is linked.
struct Peer {
  logic::links::NodeIdentity node;
  std::string address; ///< where it was reached, or came from
  /// The local end of the link. Requests of `messages/wire/` that are sent to
  /// it are answered by the peer; an error means that no answer will come. It
  /// passes nothing else on.
  caf::actor link;
};

/// To those who watch the links: this peer is linked, and by this handle. Said
/// again where the handle changes.
struct LinkUp {
  Peer peer;
};

/// The peer is gone. Requests to it that were not answered end in errors.
struct LinkDown {
  std::uint64_t incarnation = 0;
  std::string name;
  std::string reason;
};

/// All shards that a peer says it owns; replaces what it said before.
struct PeerOwners {
  std::uint64_t incarnation = 0;
  std::vector<wire::ShardClaim> shards;
};

/// A peer takes so many bytes of questions at once from this node.
struct PeerCredit {
  std::uint64_t incarnation = 0;
  std::size_t bytes = 0;
};

/// From one who watches the links and was started anew: say all of them again.
struct ListPeers {};

/// Tell all peers, now and whenever one is linked, which shards this node owns.
struct AnnounceOwners {
  std::vector<wire::ShardClaim> shards;
};

// -- Between the parts of the links -------------------------------------------

/// The addresses to be linked with, as of now.
struct TargetsFound {
  std::vector<logic::links::DialPlan::Target> targets;
};

/// What became of a call: a door, or why there is none.
struct DialEnded {
  logic::links::Endpoint endpoint;
  caf::strong_actor_ptr door; ///< null: nobody answered
  bool is_self = false;
  std::string error;
  logic::links::Refusal refusal; ///< where somebody was there and declined
};

/// A connection that came to nothing before anybody said hello.
struct ConnectionRefused {
  std::string address;
  bool inbound = false;
  logic::links::Refusal refusal;
};

/// Door to keeper: somebody wants to link.
struct HelloReceived {
  logic::links::NodeIdentity node;
  caf::strong_actor_ptr from; ///< the other end of the link that it wants
};

/// Keeper to door: not with that one.
struct TurnAway {
  caf::strong_actor_ptr whom;
  logic::links::Refusal refusal;
  std::uint64_t incarnation = 0; ///< of this node
};

/// Link to keeper: the other side agreed.
struct LinkAnswered {
  caf::strong_actor_ptr link;
  logic::links::NodeIdentity node;
};

/// Link to keeper: the other side did not, or no longer. The link ends.
struct LinkRefused {
  caf::strong_actor_ptr link;
  std::uint8_t reason = 0;
  std::string text;
  std::uint64_t incarnation = 0; ///< of whoever refused
};

/// Link to keeper: the peer owns these.
struct OwnersHeard {
  caf::strong_actor_ptr link;
  std::vector<wire::ShardClaim> shards;
};

/// Link to keeper: the peer grants so much.
struct CreditHeard {
  caf::strong_actor_ptr link;
  std::size_t bytes = 0;
};

/// Keeper to link: grant the peer so many bytes of questions at once.
struct GrantCredit {
  std::size_t bytes = 0;
};

/// Keeper to link: tell the other side why, where there is a reason, and end.
struct EndLink {
  logic::links::Refusal refusal;
};

// -- Status -------------------------------------------------------------------

struct LinkStatus {
  logic::links::NodeIdentity node;
  std::string address;
  bool inbound = false; ///< the peer dialled
  std::optional<std::chrono::microseconds> round_trip; ///< of the last probe
  std::int64_t since_ms = 0; ///< Unix time
  std::size_t granted_bytes = 0; ///< of questions that it may put to this node
};

/// Somebody who is not linked, and why, as of the last try.
struct UnlinkedStatus {
  std::string address;
  std::string reason;
  std::string text;
  std::int64_t at_ms = 0; ///< Unix time
};

/// The keeper's answer to `ReportStatus`.
struct LinksStatus {
  logic::links::NodeIdentity self;
  std::vector<LinkStatus> links; ///< by name
  std::vector<UnlinkedStatus> unlinked; ///< the latest, a few
};

} // namespace millrace::messages
