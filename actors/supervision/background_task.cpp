#include "actors/supervision/background_task.hpp"

#include "actors/supervision/supervised.hpp"
#include "messages/lifecycle.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <utility>

namespace millrace::actors {

namespace {

class BackgroundState {
public:
  static inline const char* name = "background_task";

  BackgroundState(BackgroundActor::pointer self, BackgroundTask task)
    : self_(self), task_(std::move(task)) {}

  BackgroundActor::behavior_type make_behavior() {
    harden(self_);
    self_->send(self_, messages::Tick{});
    return {
      [this](messages::Tick) {
        if (task_.work())
          self_->delayed_send(self_, task_.pause, messages::Tick{});
        else
          self_->quit();
      },
      answer_heartbeats(self_),
      [](const messages::InjectFault&) {} /* no order names a task */,
    };
  }

private:
  BackgroundActor::pointer self_;
  BackgroundTask task_;
};

} // namespace

BackgroundActor spawn_background_task(caf::actor_system& system,
                                      BackgroundTask task) {
  return system
    .spawn<BackgroundActor::stateful_impl<BackgroundState>, caf::detached>(
      std::move(task));
}

} // namespace millrace::actors
