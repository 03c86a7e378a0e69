#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace millrace::actors {

/// A part in the node that one actor after another plays: whoever is spoken to
/// is looked up when something is said, so that a restart needs no rewiring.
/// Empty before the first actor and after the last. Any thread.
template <class Handle>
class RegisteredActor {
public:
  Handle current() const {
    const std::lock_guard lock{mutex_};
    return holder_;
  }

  void assign(Handle actor) {
    const std::lock_guard lock{mutex_};
    std::swap(holder_, actor); // the predecessor goes without the lock
  }

private:
  mutable std::mutex mutex_;
  Handle holder_;
};

template <class Handle>
using RegisteredActorPtr = std::shared_ptr<RegisteredActor<Handle>>;

/// Says something to whoever plays the role; to nobody, it is lost, as it
/// would be with an actor that just died.
template <class Self, class Handle, class Message>
void tell(Self* self, const RegisteredActorPtr<Handle>& role,
          Message&& message) {
  if (auto holder = role->current())
    self->send(holder, std::forward<Message>(message));
}

} // namespace millrace::actors
