#include "node/links/link_setup.hpp"

#include "actors/links/door.hpp"
#include "messages/links.hpp"
#include "node/links/caf_transport.hpp"
#include "node/links/target_finder.hpp"

#include <caf/exit_reason.hpp>
#include <caf/send.hpp>

#include <chrono>
#include <random>
#include <utility>

namespace millrace::node {

namespace {

/// A pod that is new in a headless service is found after that.
constexpr std::chrono::seconds look_up_pause{3};

std::uint64_t draw_incarnation() {
  std::random_device random;
  return std::uint64_t{random()} << 32U | random();
}

std::string advertised_address(const adapters::links::LinkConfig& config,
                               const logic::links::Endpoint& listening) {
  if (!config.advertise.empty())
    return config.advertise;
  if (listening.host == "0.0.0.0" || listening.host == "::")
    return {};
  return to_string(listening);
}

} // namespace

void LinkSetup::release() const {
  caf::anon_send_exit(door, caf::exit_reason::user_shutdown);
  keeper->assign({});
}

logic::Result<OpenedLinks>
open_links(caf::actor_system& system, const NodeConfig& config,
           logic::links::NodeIdentity self, const logic::LogPtr& log) {
  OpenedLinks opened;
  auto& setup = opened.setup;
  auto transport = CafTransport::open(system, config.link, self.role,
                                      setup.keeper, log);
  if (!transport)
    return transport.error();
  const auto& listening = (*transport)->listening();
  opened.listening = to_string(listening);
  setup.self = std::move(self);
  setup.self.advertised = advertised_address(config.link, listening);
  setup.door = actors::spawn_door(system, setup.keeper);
  (*transport)->publish(setup.door);
  const auto finder = std::make_shared<TargetFinder>(config.link, listening);
  setup.targets = [finder] { return finder->targets(); };
  setup.draw_incarnation = draw_incarnation;
  opened.address_task = {
    [finder, keeper = setup.keeper] {
      auto links = keeper->current();
      if (finder->look_up() && links)
        caf::anon_send(links, messages::TargetsFound{finder->targets()});
      return true;
    },
    look_up_pause};
  setup.transport = std::move(*transport);
  return opened;
}

} // namespace millrace::node
