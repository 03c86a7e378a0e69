#pragma once

#include "actors/interfaces.hpp"
#include "actors/supervision/registered_actor.hpp"
#include "logic/core/actor_table.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

/// Internal to the topology.
namespace millrace::node {

/// Who is registered as an actor, and who is spoken to instead: a gate where
/// faults are injected, else the same.
template <class Handle>
struct Registration {
  actors::RegisteredActorPtr<Handle> registered
    = std::make_shared<actors::RegisteredActor<Handle>>();
  actors::RegisteredActorPtr<Handle> address = registered;
};

/// The registrations of all actors that a node has, by kind and number.
class Registrations {
public:
  explicit Registrations(const logic::NodeShape& shape) {
    for_each_kind([&]<logic::ActorKind kind>() {
      all<kind>().resize(logic::count_of(kind, shape));
    });
  }

  template <logic::ActorKind kind>
  auto& all() {
    return std::get<static_cast<std::size_t>(kind)>(by_kind_);
  }
  template <logic::ActorKind kind>
  const auto& all() const {
    return std::get<static_cast<std::size_t>(kind)>(by_kind_);
  }

  /// Which actor the node must have.
  template <logic::ActorKind kind>
  auto& at(std::uint32_t number = 0) {
    return all<kind>().at(number);
  }

  /// Whom to speak to, all of a kind.
  template <logic::ActorKind kind>
  std::vector<actors::RegisteredActorPtr<actors::ActorOf<kind>>>
  addresses() const {
    std::vector<actors::RegisteredActorPtr<actors::ActorOf<kind>>> result;
    for (const auto& registration : all<kind>())
      result.push_back(registration.address);
    return result;
  }

  /// Whom to speak to, or null where the node has none of the kind.
  template <logic::ActorKind kind>
  actors::RegisteredActorPtr<actors::ActorOf<kind>> address() const {
    return all<kind>().empty() ? nullptr : all<kind>().front().address;
  }

  /// The only actor of its kind; null if there is none at the moment.
  template <logic::ActorKind kind>
  actors::ActorOf<kind> current() const {
    if (all<kind>().empty())
      return {};
    return all<kind>().front().registered->current();
  }

  /// Calls `visit.operator()<kind>()` for each kind.
  template <class Visit>
  static void for_each_kind(Visit&& visit) {
    [&]<std::size_t... index>(std::index_sequence<index...>) {
      (visit.template operator()<static_cast<logic::ActorKind>(index)>(), ...);
    }
    (std::make_index_sequence<logic::actor_kind_count>{});
  }

  /// Calls `visit.operator()<kind>(name, number, registration)` for each
  /// actor; the name is that in the tree.
  template <class Visit>
  void for_each(Visit&& visit) {
    for_each_kind([&]<logic::ActorKind kind>() {
      std::uint32_t number = 0;
      for (auto& registration : all<kind>()) {
        visit.template operator()<kind>(logic::actor_name(kind, number), number,
                                        registration);
        ++number;
      }
    });
  }

private:
  template <class... Handles>
  static std::tuple<std::vector<Registration<Handles>>...>
  tables_of(std::tuple<Handles...>*);

  decltype(tables_of(static_cast<actors::ActorHandles*>(nullptr))) by_kind_;
};

} // namespace millrace::node
