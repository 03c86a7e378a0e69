#define CAF_SUITE last_words

#include "node/lifecycle/last_words.hpp"

#include "node/lifecycle/exit_code.hpp"
#include "tests/support/captured_output.hpp"
#include "tests/support/child_process.hpp"

#include "caf/test/dsl.hpp"

#include <cstdlib>
#include <new>

#include <sys/mman.h>

using namespace millrace;
using node::ExitCode;

// Each body runs in a child process, as its end is the point.

CAF_TEST(the_process_ends_when_not_even_a_small_request_is_served) {
  tests::CapturedOutput errors{STDERR_FILENO};
  const auto code = tests::run_child([] {
    node::on_memory_refused([](std::size_t) -> void* { return nullptr; });
    return 0;
  });
  CAF_CHECK_EQUAL(code, to_int(ExitCode::out_of_memory));
  CAF_CHECK(errors.text().find("out of memory") != std::string::npos);
}

CAF_TEST(one_absurd_request_fails_alone) {
  CAF_CHECK_THROWS_AS(node::on_memory_refused(std::malloc), std::bad_alloc);
}

CAF_TEST(new_asks_it_first) {
  const auto code = tests::run_child([] {
    node::prepare_last_words();
    const auto handler = std::get_new_handler();
    if (handler == nullptr)
      return 1;
    try {
      handler();
    } catch (const std::bad_alloc&) {
      return 0; // as there is memory
    }
    return 2;
  });
  CAF_CHECK_EQUAL(code, 0);
}

CAF_TEST(a_mapped_file_cut_short_ends_the_process) {
  tests::CapturedOutput errors{STDERR_FILENO};
  const auto code = tests::run_child([] {
    node::prepare_last_words();
    auto* file = std::tmpfile();
    constexpr std::size_t page = 4'096;
    if (file == nullptr || ::ftruncate(::fileno(file), page) != 0)
      return 1;
    auto* memory = static_cast<char*>(::mmap(
      nullptr, page, PROT_READ | PROT_WRITE, MAP_SHARED, ::fileno(file), 0));
    if (memory == MAP_FAILED || ::ftruncate(::fileno(file), 0) != 0)
      return 2;
    *static_cast<volatile char*>(memory) = 'x';
    return 3;
  });
  CAF_CHECK_EQUAL(code, to_int(ExitCode::disk_full));
  CAF_CHECK(errors.text().find("crash journal") != std::string::npos);
}

CAF_TEST(any_other_bus_error_stays_a_death_by_the_signal) {
  const auto code = tests::run_child([] {
    node::prepare_last_words();
    ::raise(SIGBUS);
    ::raise(SIGBUS); // the handler returned from the first
    return 0;
  });
  CAF_CHECK_EQUAL(code, -SIGBUS);
}
