#include "node/links/target_finder.hpp"

#include "adapters/links/link_sockets.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace millrace::node {

using logic::links::DialPlan;
using logic::links::Endpoint;

TargetFinder::TargetFinder(const adapters::links::LinkConfig& config,
                           Endpoint listening)
  : listening_(std::move(listening)) {
  for (const auto& text : config.peers)
    if (auto peer = logic::links::parse_peer_address(text))
      peers_.push_back(std::move(*peer));
  if (auto advertised = logic::links::parse_endpoint(config.advertise))
    advertised_ = std::move(*advertised);
}

/// Where that peer finds this node, as a number: by that the two decide who
/// dials, so both must come to the same.
Endpoint TargetFinder::own_address_towards(const Endpoint& peer) const {
  if (!advertised_.host.empty()) {
    const auto found = adapters::links::addresses_of(advertised_);
    return found.empty() ? advertised_ : found.front();
  }
  if (listening_.host != "0.0.0.0" && listening_.host != "::")
    return listening_;
  return {adapters::links::source_address(peer), listening_.port};
}

bool TargetFinder::look_up() {
  std::set<Endpoint> all;
  for (const auto& peer : peers_) {
    auto& known = found_[peer];
    if (auto found = adapters::links::addresses_of(peer.endpoint);
        !found.empty())
      known = std::move(found);
    if (peer.all_addresses)
      all.insert(known.begin(), known.end());
    else if (!known.empty())
      all.insert(known.front());
  }
  std::vector<DialPlan::Target> targets;
  for (const auto& endpoint : all)
    if (const auto own = own_address_towards(endpoint); own != endpoint)
      targets.push_back({endpoint, own < endpoint});
  const std::lock_guard lock{mutex_};
  const bool changed = !std::ranges::equal(
    targets, targets_, [](const auto& left, const auto& right) {
      return left.endpoint == right.endpoint && left.we_begin == right.we_begin;
    });
  targets_ = std::move(targets);
  return changed;
}

std::vector<DialPlan::Target> TargetFinder::targets() const {
  const std::lock_guard lock{mutex_};
  return targets_;
}

} // namespace millrace::node
