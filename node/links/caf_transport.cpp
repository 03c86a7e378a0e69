#include "node/links/caf_transport.hpp"

#include "adapters/links/link_sockets.hpp"
#include "adapters/links/tls_files.hpp"
#include "messages/links.hpp"
#include "messages/wire/directions.hpp"
#include "messages/wire/type_ids.hpp"
#include "node/links/guarded_scribe.hpp"

#include <caf/binary_serializer.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/network/doorman_impl.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <set>
#include <utility>

namespace millrace::node {

namespace {

using actors::LinksActor;
using logic::links::Refusal;
using logic::links::RefusalReason;

GuardedScribe::Multiplexer& multiplexer_of(caf::actor_system& system) {
  return static_cast<GuardedScribe::Multiplexer&>(system.middleman().backend());
}

caf::actor broker_of(caf::actor_system& system) {
  return system.middleman().named_broker<caf::io::basp_broker>("BASP");
}

/// As CAF writes it.
std::string bytes_of(caf::actor_system& system, const caf::node_id& node) {
  caf::byte_buffer buffer;
  caf::binary_serializer sink{system, buffer};
  if (!sink.apply(node))
    return {};
  std::string bytes(buffer.size(), '\0');
  std::ranges::transform(buffer, bytes.begin(), [](caf::byte each) {
    return static_cast<char>(each);
  });
  return bytes;
}

/// Accepts connections up to a limit, each behind a gate.
class GuardedDoorman final : public caf::io::network::doorman_impl {
public:
  GuardedDoorman(GuardedScribe::Multiplexer& multiplexer, int socket,
                 std::shared_ptr<Connections> connections)
    : doorman_impl(multiplexer, socket), connections_(std::move(connections)) {}

  bool new_connection() override {
    adapters::FileDescriptor socket{acceptor_.accepted_socket()};
    if (detached())
      return false;
    if (!connections_->enter()) {
      const auto from = adapters::links::remote_endpoint(socket.get());
      connections_->refused(
        from ? to_string(*from) : std::string{"?"},
        {RefusalReason::too_many, "as many connections as may be are open"});
      return true;
    }
    caf::io::network::nonblocking(socket.get(), true);
    caf::io::network::tcp_nodelay(socket.get(), true);
    auto& multiplexer = acceptor_.backend();
    auto scribe = caf::make_counted<GuardedScribe>(
      multiplexer, socket.release(), connections_, nullptr);
    const auto handle = scribe->hdl();
    parent()->add_scribe(std::move(scribe));
    return doorman::new_connection(&multiplexer, handle);
  }

private:
  std::shared_ptr<Connections> connections_;
};

std::string words_of(const caf::error& error) {
  if (error == caf::sec::connection_timeout)
    return "no answer within 2 s";
  if (error == caf::sec::disconnect_during_handshake)
    return "the connection was closed before it was used";
  if (error == caf::sec::incompatible_application_ids)
    return "it speaks another version of the protocol";
  return to_string(error);
}

/// Waits for what CAF's broker makes of a connection.
caf::behavior watch_call(caf::event_based_actor* self, caf::actor broker,
                         caf::io::scribe_ptr scribe,
                         std::shared_ptr<CallOutcome> call,
                         logic::links::Endpoint endpoint, LinksActor keeper) {
  self->set_error_handler([](caf::scheduled_actor*, caf::error&) {});
  const auto port = endpoint.port;
  self
    ->request(broker, caf::infinite, caf::connect_atom_v, std::move(scribe),
              port)
    .then(
      [=](const caf::node_id& node, caf::strong_actor_ptr& door,
          std::set<std::string>&) {
        messages::DialEnded ended{endpoint, door, node == self->node(), {}, {}};
        if (!door && !ended.is_self)
          ended.error = "nobody links there";
        caf::anon_send(keeper, std::move(ended));
        self->quit();
      },
      [=](const caf::error& error) {
        messages::DialEnded ended{endpoint, nullptr, false, {}, {}};
        {
          const std::lock_guard lock{call->mutex};
          ended.refusal = call->refusal;
          ended.error = call->error.empty() ? words_of(error) : call->error;
        }
        caf::anon_send(keeper, std::move(ended));
        self->quit();
      });
  return {[](const messages::EndLink&) {}};
}

} // namespace

logic::Result<std::shared_ptr<CafTransport>>
CafTransport::open(caf::actor_system& system,
                   const adapters::links::LinkConfig& config,
                   logic::links::NodeRole role,
                   actors::RegisteredActorPtr<LinksActor> keeper,
                   const logic::LogPtr& log) {
  std::shared_ptr<adapters::links::TlsFiles> tls;
  if (config.has_tls()) {
    auto files = adapters::links::TlsFiles::open(config, log);
    if (!files)
      return files.error();
    tls = std::move(*files);
  }
  const auto wanted = logic::links::parse_endpoint(config.listen, 0);
  if (!wanted)
    return wanted.error();
  auto listener = adapters::links::listen_on(*wanted);
  if (!listener)
    return listener.error();
  auto listening = *wanted;
  if (const auto bound = adapters::links::local_endpoint(listener->get()))
    listening = *bound;
  logic::links::WireGate::Rules rules;
  rules.first_type = caf::id_block::millrace_wire::begin;
  rules.end_type = caf::id_block::millrace_wire::end;
  rules.error_type = caf::type_id_v<caf::error>;
  rules.own_node = bytes_of(system, system.node());
  rules.takes = [role](std::uint16_t type) {
    return messages::wire::is_taken_by(role, type);
  };
  auto connections = std::make_shared<Connections>(
    std::move(rules), std::move(tls),
    [keeper = std::move(keeper)](const std::string& address,
                                 const Refusal& refusal) {
      if (auto links = keeper->current())
        caf::anon_send(links,
                       messages::ConnectionRefused{address, true, refusal});
    });
  return std::shared_ptr<CafTransport>{
    new CafTransport{system, std::move(connections), std::move(*listener),
                     std::move(listening)}};
}

void CafTransport::publish(const caf::actor& door) {
  connections_->admit(door.id());
  auto doorman = caf::make_counted<GuardedDoorman>(
    multiplexer_of(system_), listener_.release(), connections_);
  caf::anon_send(broker_of(system_), caf::publish_atom_v,
                 caf::io::doorman_ptr{std::move(doorman)}, listening_.port,
                 caf::actor_cast<caf::strong_actor_ptr>(door),
                 std::set<std::string>{});
}

void CafTransport::dial(const logic::links::Endpoint& endpoint,
                        const LinksActor& keeper) {
  auto socket = adapters::links::begin_to_connect(endpoint);
  if (!socket) {
    caf::anon_send(
      keeper,
      messages::DialEnded{endpoint, nullptr, false, socket.error().text, {}});
    return;
  }
  auto call = std::make_shared<CallOutcome>();
  auto scribe = caf::make_counted<GuardedScribe>(
    multiplexer_of(system_), socket->release(), connections_, call);
  // Not hidden: the system's end waits for it, some two seconds at most, and so
  // leaves nothing behind.
  system_.spawn(watch_call, broker_of(system_),
                caf::io::scribe_ptr{std::move(scribe)}, std::move(call),
                endpoint, keeper);
}

void CafTransport::hang_up(const caf::strong_actor_ptr& remote) {
  connections_->hang_up(bytes_of(system_, remote->node()));
}

std::string CafTransport::address_of(const caf::strong_actor_ptr& remote) {
  auto address = connections_->address_of(bytes_of(system_, remote->node()));
  return address.empty() ? "?" : address;
}

} // namespace millrace::node
