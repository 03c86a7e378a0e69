#pragma once

#include "actors/links/link_keeper.hpp"
#include "adapters/system_clock.hpp"
#include "messages/links.hpp"
#include "messages/status.hpp"
#include "node/lifecycle/system_config.hpp"
#include "node/links/link_setup.hpp"
#include "tests/adapters/links/certificate_folder.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/memory_log.hpp"
#include "tests/support/metric_text.hpp"

#include "caf/test/dsl.hpp"

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <prometheus/registry.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace millrace::tests {

/// The part of a node that links, on real sockets of this machine.
class LiveNode {
public:
  /// Peers are ports of this machine.
  LiveNode(const std::string& name, adapters::links::LinkConfig link,
           const std::vector<std::uint16_t>& peers = {},
           const std::string& cluster = "logins")
    : system_config_(2, 1, true), system_(system_config_) {
    node::NodeConfig config;
    config.link = std::move(link);
    for (const auto port : peers)
      config.link.peers.push_back("127.0.0.1:" + std::to_string(port));
    logic::links::NodeIdentity self;
    self.name = name;
    self.cluster = cluster;
    self.version = "0.4.0";
    auto opened = node::open_links(system_, config, std::move(self), log_);
    if (!opened)
      throw std::runtime_error(opened.error().text);
    opened_ = std::move(*opened);
    auto& setup = opened_->setup;
    setup.keeper->assign(actors::spawn_link_keeper(
      system_,
      {.self = setup.self,
       .draw_incarnation = setup.draw_incarnation,
       .transport = setup.transport,
       .door = setup.door,
       .targets = setup.targets,
       .watchers = {},
       .router = {},
       .surroundings = {log_, std::make_shared<actors::Metrics>(registry_),
                        std::make_shared<adapters::SystemClock>(), nullptr}}));
    opened_->address_task.work();
  }
  LiveNode(const LiveNode&) = delete;
  LiveNode& operator=(const LiveNode&) = delete;
  ~LiveNode() {
    auto& setup = opened_->setup;
    caf::anon_send_exit(setup.keeper->current(),
                        caf::exit_reason::user_shutdown);
    setup.keeper->assign({});
    caf::anon_send_exit(setup.door, caf::exit_reason::user_shutdown);
    opened_.reset();
  }

  std::uint16_t port() const {
    return logic::links::parse_endpoint(opened_->listening)->port;
  }
  std::uint64_t door() const { return opened_->setup.door.id(); }
  caf::actor_system& system() { return system_; }
  const MemoryLog& log() const { return *log_; }

  double refusals(const std::string& reason) const {
    return metric_value(*registry_, "millrace_link_refusals_total{reason=\""
                                      + reason + "\"}")
      .value_or(0);
  }
  double all_refusals() const {
    double sum = 0;
    for (const auto& each : logic::links::refusal_table)
      sum += refusals(std::string{each.name});
    return sum;
  }

  messages::LinksStatus status() {
    messages::LinksStatus answer;
    {
      caf::scoped_actor self{system_};
      self
        ->request(opened_->setup.keeper->current(), std::chrono::seconds{10},
                  messages::ReportStatus{})
        .receive([&](messages::LinksStatus& report) { answer = report; },
                 [](const caf::error&) {});
    }
    caf::logger::set_current_actor_system(nullptr);
    return answer;
  }

  bool comes_to(const std::string& linked_names) {
    return eventually(std::chrono::seconds{20}, [&] {
      std::string names;
      for (const auto& link : status().links)
        names += link.node.name;
      return names == linked_names;
    });
  }

private:
  node::SystemConfig system_config_;
  caf::actor_system system_;
  std::shared_ptr<prometheus::Registry> registry_
    = std::make_shared<prometheus::Registry>();
  std::shared_ptr<MemoryLog> log_ = std::make_shared<MemoryLog>();
  std::optional<node::OpenedLinks> opened_;
};

} // namespace millrace::tests
