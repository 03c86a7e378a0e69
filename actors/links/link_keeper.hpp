#pragma once

#include "actors/links/link_transport.hpp"
#include "actors/supervision/supervised.hpp"
#include "logic/links/dial_plan.hpp"
#include "logic/links/node_identity.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace millrace::actors {

struct LinkKeeperParameters {
  logic::links::NodeIdentity self; ///< but for the incarnation
  /// Drawn for each keeper: the links of a former one do not count any more.
  std::function<std::uint64_t()> draw_incarnation;
  std::shared_ptr<LinkTransport> transport;
  caf::actor door;
  /// The addresses to link with, as far as they are known; whenever they
  /// change they are sent as `TargetsFound`.
  std::function<std::vector<logic::links::DialPlan::Target>()> targets;
  /// Who is told of links (`LinkUp`, `LinkDown`, `PeerOwners`); asked each
  /// time, null while there is nobody. Whoever is started anew asks for all of
  /// them by `ListPeers`.
  std::vector<std::function<caf::actor()>> watchers;
  /// Who answers the requests of peers.
  std::function<caf::actor()> router;
  /// Who hears what is said about the work of lanes; likewise.
  std::function<caf::actor()> lanes{};
  std::size_t max_links = 64;
  /// Of questions that this node answers at once: granted to the peers in equal
  /// parts.
  std::size_t answered_bytes = 2U << 20U;
  Surroundings surroundings;
};

/// Dials whom there is to be dialled, decides who is linked, and tells of it.
/// A restart ends all links, and they are dialled anew.
LinksActor spawn_link_keeper(caf::actor_system& system,
                             LinkKeeperParameters parameters);

} // namespace millrace::actors
