#pragma once

#include "actors/links/link_transport.hpp"
#include "actors/supervision/registered_actor.hpp"
#include "adapters/files/file_descriptor.hpp"
#include "adapters/links/link_config.hpp"
#include "logic/core/log.hpp"
#include "logic/core/result.hpp"
#include "logic/links/node_identity.hpp"
#include "node/links/connections.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <memory>
#include <string>

namespace millrace::node {

/// Links over CAF's network layer (BASP): its broker gets connections of ours,
/// which add TLS with our own checks and the gate, and never wait. The actor
/// system must have loaded the middleman.
class CafTransport final : public actors::LinkTransport {
public:
  /// Listens and reads the files of TLS. Errors name address or file. What is
  /// not for a node of that role ends the connection.
  static logic::Result<std::shared_ptr<CafTransport>>
  open(caf::actor_system& system, const adapters::links::LinkConfig& config,
       logic::links::NodeRole role,
       actors::RegisteredActorPtr<actors::LinksActor> keeper,
       const logic::LogPtr& log);

  /// Whoever connects finds this actor; call it once.
  void publish(const caf::actor& door);

  /// Where the door is, with the port that was asked for or taken.
  const logic::links::Endpoint& listening() const noexcept {
    return listening_;
  }

  void dial(const logic::links::Endpoint& endpoint,
            const actors::LinksActor& keeper) override;
  void admit(std::uint64_t actor) override { connections_->admit(actor); }
  void expel(std::uint64_t actor) override { connections_->expel(actor); }
  void hang_up(const caf::strong_actor_ptr& remote) override;
  std::string address_of(const caf::strong_actor_ptr& remote) override;

private:
  CafTransport(caf::actor_system& system,
               std::shared_ptr<Connections> connections,
               adapters::FileDescriptor listener,
               logic::links::Endpoint listening)
    : system_(system), connections_(std::move(connections)),
      listener_(std::move(listener)), listening_(std::move(listening)) {}

  caf::actor_system& system_;
  std::shared_ptr<Connections> connections_;
  adapters::FileDescriptor listener_; ///< until it is published
  logic::links::Endpoint listening_;
};

} // namespace millrace::node
