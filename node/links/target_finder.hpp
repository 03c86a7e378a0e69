#pragma once

#include "adapters/links/link_config.hpp"
#include "logic/links/dial_plan.hpp"
#include "logic/links/endpoint.hpp"

#include <map>
#include <mutex>
#include <vector>

namespace millrace::node {

/// Turns `link.peers` into addresses. Any thread.
class TargetFinder {
public:
  /// `listening` is the door's own address.
  TargetFinder(const adapters::links::LinkConfig& config,
               logic::links::Endpoint listening);

  /// Asks the name service, which may take seconds. A name that it does not
  /// answer for keeps its addresses of before. True: they changed.
  bool look_up();

  std::vector<logic::links::DialPlan::Target> targets() const;

private:
  logic::links::Endpoint
  own_address_towards(const logic::links::Endpoint& peer) const;

  std::vector<logic::links::PeerAddress> peers_;
  logic::links::Endpoint listening_;
  logic::links::Endpoint advertised_; ///< without a host: as `listening_`
  std::map<logic::links::PeerAddress, std::vector<logic::links::Endpoint>>
    found_; ///< of the thread that looks up
  mutable std::mutex mutex_;
  std::vector<logic::links::DialPlan::Target> targets_;
};

} // namespace millrace::node
