#include "node/faults/fault_injection_config.hpp"

#include "logic/faults/fault_order.hpp"

#include <sstream>
#include <string_view>

namespace millrace::node {

namespace {

using logic::Error;
using logic::ErrorCode;

/// "[::1]:9092", "127.0.0.1:9092", "localhost".
bool on_this_machine(std::string_view server) {
  if (const auto scheme = server.find("://"); scheme != std::string_view::npos)
    server.remove_prefix(scheme + 3);
  return server.starts_with("127.") || server.starts_with("[::1]")
         || server == "localhost" || server.starts_with("localhost:");
}

} // namespace

void describe(logic::SettingVisitor& visitor, FaultInjectionConfig& config) {
  visitor.section("fault_injection",
                  "Faults on purpose, to see what a node does about them. "
                  "Off, and without any cost, unless enabled.");
  visitor.setting({.name = "enabled",
                   .help = "Obey orders to go wrong. Refused while a broker is "
                           "not on this machine."},
                  &config.enabled);
  visitor.setting(
    {.name = "force", .help = "Obey them with brokers elsewhere, too."},
    &config.force);
  visitor.setting({.name = "token",
                   .help = "What PUT /faults wants in the header "
                           "X-Millrace-Token; empty: orders are not taken "
                           "over HTTP.",
                   .secret = true},
                  &config.token);
  visitor.setting({.name = "orders",
                   .help = "Orders to obey from the start, separated by "
                           "commas, such as crash validator 0 after 3."},
                  &config.orders);
}

std::vector<Error> check(const FaultInjectionConfig& config) {
  std::vector<Error> faults;
  for (const auto& text : config.orders) {
    const auto order = logic::faults::parse_fault_order(text);
    if (!order)
      faults.push_back({ErrorCode::invalid_config,
                        "fault_injection.orders: " + order.error().text});
    else if (order->kind == logic::faults::FaultKind::broker_down)
      faults.push_back({ErrorCode::invalid_config,
                        "fault_injection.orders: a node has no broker to take "
                        "down; millrace chaos does"});
  }
  if (!config.enabled && !config.orders.empty())
    faults.push_back({ErrorCode::invalid_config,
                      "fault_injection.orders has no effect without "
                      "fault_injection.enabled"});
  return faults;
}

std::vector<Error> check_brokers(const FaultInjectionConfig& config,
                                 const std::string& bootstrap_servers) {
  std::vector<Error> faults;
  if (!config.enabled || config.force)
    return faults;
  std::istringstream servers{bootstrap_servers};
  for (std::string server; std::getline(servers, server, ',');)
    if (!on_this_machine(server))
      faults.push_back(
        {ErrorCode::invalid_config,
         "fault_injection.enabled is refused with the broker " + server
           + " in kafka.bootstrap_servers, which is not on this machine; to "
             "break a node there on purpose set fault_injection.force as "
             "well"});
  return faults;
}

} // namespace millrace::node
