#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace millrace::actors {

/// A name under which one actor after another is registered (as in Erlang):
/// whoever is spoken to is looked up when something is said, so that a restart
/// needs no rewiring. Empty before the first actor and after the last. Any
/// thread.
template <class Handle>
class RegisteredActor {
public:
  Handle current() const {
    const std::lock_guard lock{mutex_};
    return actor_;
  }

  void assign(Handle successor) {
    const std::lock_guard lock{mutex_};
    std::swap(actor_, successor); // the predecessor goes without the lock
  }

private:
  mutable std::mutex mutex_;
  Handle actor_;
};

template <class Handle>
using RegisteredActorPtr = std::shared_ptr<RegisteredActor<Handle>>;

/// Says something to whoever is registered; to nobody, it is lost, as it
/// would be with an actor that just died.
template <class Self, class Handle, class Message>
void tell(Self* self, const RegisteredActorPtr<Handle>& registered,
          Message&& message) {
  if (auto actor = registered->current())
    self->send(actor, std::forward<Message>(message));
}

} // namespace millrace::actors
