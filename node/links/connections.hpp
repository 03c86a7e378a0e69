#pragma once

#include "adapters/links/tls_files.hpp"
#include "logic/links/wire_gate.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

/// Internal to the network of links.
namespace millrace::node {

/// Why a call came to nothing, as far as the connection knows.
struct CallOutcome {
  std::mutex mutex;
  logic::links::Refusal refusal; ///< none: it was the network
  std::string error;
};

/// What all connections of a node share. Any thread.
class Connections {
public:
  static constexpr std::size_t most_inbound = 256;

  using OnRefused = std::function<void(const std::string& address,
                                       const logic::links::Refusal& refusal)>;

  /// `rules` but for `reachable`. `tls` is null where only this machine is
  /// linked. `on_refused` hears of connections that were accepted.
  Connections(logic::links::WireGate::Rules rules,
              std::shared_ptr<adapters::links::TlsFiles> tls,
              OnRefused on_refused);
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  const logic::links::WireGate::Rules& rules() const noexcept { return rules_; }
  adapters::links::TlsFiles::Context tls() const {
    return tls_ ? tls_->context() : nullptr;
  }

  void admit(std::uint64_t actor);
  void expel(std::uint64_t actor);

  /// Room for one more that was accepted; give it back by `leave`.
  bool enter();
  void leave();

  /// The connection on that socket is to that node, as CAF writes its id; until
  /// `forget`, which must come before the socket is closed.
  void know(const std::string& node, int socket, const std::string& address);
  void forget(const std::string& node, int socket);

  /// Ends the connection to that node, if there is one.
  void hang_up(const std::string& node);
  /// Empty where there is none.
  std::string address_of(const std::string& node) const;

  void refused(const std::string& address,
               const logic::links::Refusal& refusal) const {
    on_refused_(address, refusal);
  }

private:
  struct Known {
    int socket = -1;
    std::string address;
  };

  logic::links::WireGate::Rules rules_;
  std::shared_ptr<adapters::links::TlsFiles> tls_;
  OnRefused on_refused_;
  mutable std::mutex mutex_;
  std::set<std::uint64_t> admitted_;
  std::multimap<std::string, Known> known_;
  std::size_t inbound_ = 0;
};

} // namespace millrace::node
