#pragma once

#include "actors/interfaces.hpp"
#include "logic/links/endpoint.hpp"

#include <caf/actor_control_block.hpp>

#include <cstdint>
#include <string>

namespace millrace::actors {

/// The network as the links see it. Any thread; no call waits.
class LinkTransport {
public:
  virtual ~LinkTransport() = default;

  /// Begins to connect. What became of it goes to `keeper` as `DialEnded`.
  virtual void
  dial(const logic::links::Endpoint& endpoint, const LinksActor& keeper)
    = 0;

  /// Lets messages of peers through to that local actor, or no longer. But for
  /// the door nobody is reachable from the start.
  virtual void admit(std::uint64_t actor) = 0;
  virtual void expel(std::uint64_t actor) = 0;

  /// Ends the connection to the node of a remote actor.
  virtual void hang_up(const caf::strong_actor_ptr& remote) = 0;

  /// Where a remote actor's node is connected from or at; for people.
  virtual std::string address_of(const caf::strong_actor_ptr& remote) = 0;
};

} // namespace millrace::actors
