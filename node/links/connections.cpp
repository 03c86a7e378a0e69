#include "node/links/connections.hpp"

#include <utility>

#include <sys/socket.h>

namespace millrace::node {

Connections::Connections(logic::links::WireGate::Rules rules,
                         std::shared_ptr<adapters::links::TlsFiles> tls,
                         OnRefused on_refused)
  : rules_(std::move(rules)), tls_(std::move(tls)),
    on_refused_(std::move(on_refused)) {
  rules_.reachable = [this](std::uint64_t actor) {
    const std::lock_guard lock{mutex_};
    return admitted_.contains(actor);
  };
}

void Connections::admit(std::uint64_t actor) {
  const std::lock_guard lock{mutex_};
  admitted_.insert(actor);
}

void Connections::expel(std::uint64_t actor) {
  const std::lock_guard lock{mutex_};
  admitted_.erase(actor);
}

bool Connections::enter() {
  const std::lock_guard lock{mutex_};
  if (inbound_ == most_inbound)
    return false;
  ++inbound_;
  return true;
}

void Connections::leave() {
  const std::lock_guard lock{mutex_};
  --inbound_;
}

void Connections::know(const std::string& node, int socket,
                       const std::string& address) {
  const std::lock_guard lock{mutex_};
  known_.emplace(node, Known{socket, address});
}

void Connections::forget(const std::string& node, int socket) {
  const std::lock_guard lock{mutex_};
  const auto [begin, end] = known_.equal_range(node);
  for (auto each = begin; each != end; ++each)
    if (each->second.socket == socket) {
      known_.erase(each);
      return;
    }
}

void Connections::hang_up(const std::string& node) {
  const std::lock_guard lock{mutex_};
  const auto [begin, end] = known_.equal_range(node);
  for (auto each = begin; each != end; ++each)
    ::shutdown(each->second.socket, SHUT_RDWR);
}

std::string Connections::address_of(const std::string& node) const {
  const std::lock_guard lock{mutex_};
  const auto found = known_.find(node);
  return found == known_.end() ? std::string{} : found->second.address;
}

} // namespace millrace::node
