#pragma once

#include "logic/links/endpoint.hpp"
#include "logic/links/node_identity.hpp"
#include "messages/links.hpp"

#include <caf/actor.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/error.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace millrace::actors {

/// A link that is being made, or is there.
struct Link {
  caf::actor handle;
  caf::strong_actor_ptr counterpart; ///< the door, or the other end
  std::string address;
  /// That was dialled; none: the peer did.
  std::optional<logic::links::Endpoint> endpoint;
  std::optional<logic::links::NodeIdentity> node; ///< once it is there
  std::chrono::steady_clock::time_point begun{};
  std::int64_t since_ms = 0; ///< Unix time
  std::optional<std::chrono::microseconds> round_trip;
  std::vector<messages::wire::ShardClaim> owners;
  std::size_t credit_bytes = 0; ///< that the peer grants

  bool inbound() const { return !endpoint.has_value(); }
  messages::Peer peer() const { return {*node, address, handle}; }
};

/// The links of a node, by the local end. Not thread-safe.
class LinkTable {
public:
  Link& add(Link link);
  /// Takes it out; none where it is not there.
  std::optional<Link> remove(caf::actor_id id);

  Link* find(caf::actor_id id);
  Link* find(const caf::strong_actor_ptr& handle) { return find(handle->id()); }
  /// The link with that start of a peer.
  Link* linked_with(std::uint64_t incarnation);
  bool linked_with(const caf::node_id& node) const;
  std::size_t count_linked() const;
  /// Of what all peers have together.
  std::size_t share_of(std::size_t bytes) const {
    return bytes / std::max<std::size_t>(count_linked(), 1);
  }

  /// Whether another link between the two would be one too many. Two nodes
  /// that dialled each other keep the link that the one of the lower
  /// incarnation dialled: both decide alike.
  bool is_superfluous(std::uint64_t self, std::uint64_t peer, bool inbound);

  template <class Visit>
  void for_each(Visit&& visit) {
    for (auto& [id, link] : links_)
      visit(link);
  }
  /// Of those that are there.
  template <class Visit>
  void for_each_linked(Visit&& visit) {
    for (auto& [id, link] : links_)
      if (link.node)
        visit(link);
  }

  /// By name of the peer.
  std::vector<messages::LinkStatus> status(std::size_t granted_bytes) const;

private:
  std::map<caf::actor_id, Link> links_;
};

/// Why a link ended, in words.
std::string reason_of(const caf::error& error);

} // namespace millrace::actors
