#pragma once

#include "actors/links/link_transport.hpp"
#include "actors/supervision/background_task.hpp"
#include "actors/supervision/registered_actor.hpp"
#include "logic/core/log.hpp"
#include "logic/core/result.hpp"
#include "logic/links/dial_plan.hpp"
#include "logic/links/node_identity.hpp"
#include "node/config/node_config.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace millrace::node {

/// What the topology needs to start the keeper of the links.
struct LinkSetup {
  logic::links::NodeIdentity self;
  std::shared_ptr<actors::LinkTransport> transport;
  caf::actor door;
  /// Under which the door and the network find the keeper.
  actors::RegisteredActorPtr<actors::LinksActor> keeper
    = std::make_shared<actors::RegisteredActor<actors::LinksActor>>();
  std::function<std::vector<logic::links::DialPlan::Target>()> targets;
  std::function<std::uint64_t()> draw_incarnation;

  /// Ends the door and lets go of the keeper: neither ends by itself.
  void release() const;
};

/// What there is of links in a node besides its supervised actors.
struct OpenedLinks {
  LinkSetup setup;
  /// Keeps the addresses of peers up to date.
  actors::BackgroundTask address_task;
  std::string listening; ///< "host:port"
};

/// Listens, reads the files of TLS and starts the door. Errors name the
/// address or the file.
logic::Result<OpenedLinks>
open_links(caf::actor_system& system, const NodeConfig& config,
           logic::links::NodeIdentity self, const logic::LogPtr& log);

} // namespace millrace::node
