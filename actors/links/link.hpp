#pragma once

#include "actors/links/link_transport.hpp"
#include "actors/supervision/supervised.hpp"
#include "logic/links/node_identity.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/send.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <utility>

namespace millrace::actors {

struct LinkParameters {
  logic::links::NodeIdentity self;
  /// Of the link that this node dialled: the peer's door. Else the other end
  /// of the link, which is known from its hello.
  caf::strong_actor_ptr counterpart;
  bool inbound = false;
  LinksActor keeper;
  /// Who answers the requests of peers; asked each time, null while there is
  /// nobody.
  std::function<caf::actor()> router;
  /// Who hears what is said about the work of lanes; likewise.
  std::function<caf::actor()> lanes;
  /// Of requests of the peer that are under way; one at a time always passes.
  std::size_t answered_bytes = 2U << 20U;
  /// After that long whoever should answer a request is given up. Those who
  /// ask have limits of their own, which are shorter.
  std::chrono::milliseconds request_limit{10'000};
};

/// Says something to the peer. A link takes it from local actors only, and
/// knows them by the sender.
template <class Self, class Message>
void tell_peer(Self* self, const caf::actor& link, Message&& message) {
  caf::unsafe_send_as(self, link, std::forward<Message>(message));
}

/// One end of a link. It says hello or welcome, answers pings, and passes on
/// requests: those of local actors to the peer, those of the peer to the
/// router. What is said about the work of lanes goes to and from whoever sees
/// to that here, who knows the peer by this link as the sender. Links and the
/// door are the only actors that speak to other nodes, and so the only ones
/// that other nodes can name.
caf::actor spawn_link(caf::actor_system& system, LinkParameters parameters);

} // namespace millrace::actors
