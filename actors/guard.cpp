#include "actors/guard.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <map>
#include <string>
#include <utility>

namespace millrace::actors {

namespace {

class GuardState {
public:
  static inline const char* name = "guard";

  GuardState(GuardActor::pointer self,
             std::function<void(std::string)> on_death)
    : self_(self), on_death_(std::move(on_death)) {}

  GuardActor::behavior_type make_behavior() {
    self_->set_down_handler([this](caf::down_msg& down) {
      const auto found = names_.find(down.source);
      // An actor that ends without an error has done its work.
      if (found != names_.end() && down.reason)
        on_death_(found->second + " died: " + caf::to_string(down.reason));
    });
    return {
      [this](const messages::GuardActors& order) {
        for (const auto& [name_of_actor, actor] : order.actors) {
          names_[actor->address()] = name_of_actor;
          self_->monitor(actor->address());
        }
      },
    };
  }

private:
  GuardActor::pointer self_;
  std::function<void(std::string)> on_death_;
  std::map<caf::actor_addr, std::string> names_;
};

} // namespace

GuardActor spawn_guard(caf::actor_system& system,
                       std::function<void(std::string)> on_death) {
  return system.spawn<GuardActor::stateful_impl<GuardState>>(
    std::move(on_death));
}

} // namespace millrace::actors
