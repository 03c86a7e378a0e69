#include "node/lifecycle/last_words.hpp"

#include "node/lifecycle/exit_code.hpp"

#include <csignal>
#include <cstdlib>
#include <new>
#include <string_view>

#include <unistd.h>

namespace millrace::node {

namespace {

/// What must be left for the rest of the node to go on.
constexpr std::size_t small_request = std::size_t{1} << 20U;

/// Async-signal-safe, and takes no memory.
[[noreturn]] void end(std::string_view words, ExitCode code) noexcept {
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, words.data(),
                                                words.size());
  std::_Exit(to_int(code));
}

void on_bus_error(int, siginfo_t* info, void*) {
  if (info->si_code == BUS_ADRERR)
    end("millrace: the bytes of a mapped file are gone: the disk of the crash "
        "journal is full, or somebody cut the journal or a GeoIP file short; "
        "ending at once, what is unfinished will be read again\n",
        ExitCode::disk_full);
  // Any other is a bug: it happens again on return, then in the default way.
}

} // namespace

void prepare_last_words() {
  std::set_new_handler([] { on_memory_refused(std::malloc); });
  struct sigaction action {};
  action.sa_sigaction = on_bus_error;
  action.sa_flags = SA_SIGINFO | SA_RESETHAND;
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGBUS, &action, nullptr);
}

void on_memory_refused(void* (*allocate)(std::size_t)) {
  auto* probe = allocate(small_request);
  if (probe == nullptr)
    end("millrace: out of memory, ending at once; what is unfinished will be "
        "read again. Raise the memory limit, or lower flow.memory_budget\n",
        ExitCode::out_of_memory);
  std::free(probe);
  throw std::bad_alloc{};
}

} // namespace millrace::node
