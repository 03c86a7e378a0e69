#pragma once

#include "logic/links/node_identity.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/io/middleman.hpp>
#include <caf/logger.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace millrace::node {

/// CAF's own configuration. Its command line and file stay unused: whoever
/// configures the node does it in one place.
class SystemConfig : public caf::actor_system_config {
public:
  /// BASP looks once in a heartbeat: a peer that is gone is found within 2 s.
  static constexpr std::chrono::milliseconds heartbeat{250};
  static constexpr std::chrono::milliseconds connection_timeout{1'700};

  SystemConfig(std::uint32_t workers, std::uint32_t spare, bool links) {
    // Before any of its settings.
    if (links)
      load<caf::io::middleman>();
    // Stealing workers poll while idle; sharing ones sleep.
    set("caf.scheduler.policy", "sharing");
    // An actor that hangs holds its thread for good.
    set("caf.scheduler.max-threads", workers + spare);
    // Mailbox sizes per kind of actor, for a cost per batch only.
    set("caf.metrics-filters.actors.includes", std::vector<std::string>{"*"});
    if (!links)
      return;
    set("caf.middleman.workers", std::size_t{1});
    // A peer that was frozen or cut off is found by these, from both sides.
    set("caf.middleman.heartbeat-interval", caf::timespan{heartbeat});
    set("caf.middleman.connection-timeout", caf::timespan{connection_timeout});
    set("caf.middleman.app-identifiers",
        std::vector<std::string>{
          "millrace-links-" + std::to_string(logic::links::link_protocol)});
  }
};

/// CAF leaves a reference to the system's logger with every thread that
/// touched the system, and the system's end waits for all of them. A thread
/// that lives longer than the system gives its own back.
class LoggerReturn {
public:
  LoggerReturn() = default;
  LoggerReturn(const LoggerReturn&) = delete;
  LoggerReturn& operator=(const LoggerReturn&) = delete;
  ~LoggerReturn() { caf::logger::set_current_actor_system(nullptr); }
};

} // namespace millrace::node
