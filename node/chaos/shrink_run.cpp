#include "node/chaos/shrink_run.hpp"

#include "logic/faults/fault_shrinker.hpp"
#include "node/chaos/fault_list.hpp"
#include "node/demo/child_process.hpp"
#include "node/demo/temporary_folder.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <fstream>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string_view>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace millrace::node::chaos {

namespace {

using logic::faults::ShrinkEnd;
using logic::faults::ShrinkResult;
using logic::faults::TimedFault;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds look_interval{100};

/// The search cannot go on.
class SearchEnded : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// A signal ended the search.
class Interrupted : public SearchEnded {
public:
  Interrupted() : SearchEnded("interrupted") {}
};

/// How a child ended.
struct ChildEnd {
  int code = 0; ///< exit code; of no meaning with a signal
  int signal = 0; ///< that killed it, or 0

  /// Not even a verdict: the storm could not be run.
  bool proves_nothing() const noexcept {
    constexpr std::array no_verdict{
      ExitCode::failure, ExitCode::usage, ExitCode::invalid_config,
      ExitCode::unavailable, ExitCode::interrupted};
    return signal == 0
           && std::find(no_verdict.begin(), no_verdict.end(), ExitCode{code})
                != no_verdict.end();
  }
  bool passed() const noexcept { return signal == 0 && code == 0; }

  std::string text() const {
    if (signal != 0)
      return "died of signal " + std::to_string(signal);
    if (passed())
      return "passed";
    return "failed (exit code " + std::to_string(code) + ')';
  }
};

class Search {
public:
  Search(const ShrinkOptions& options, SignalWaiter& waiter, std::ostream& out)
    : options_(options), waiter_(waiter), out_(out), folder_("shrink"),
      smallest_(options.faults) {}

  ChildEnd run_storm() {
    out_ << std::flush;
    return run(options_.storm, {});
  }

  ShrinkResult shrink() {
    const logic::faults::FailsAgain fails =
      [this](std::span<const TimedFault> faults) { return try_out(faults); };
    return logic::faults::shrink(options_.faults, fails, options_.max_runs);
  }

  /// The smallest list seen to fail, the whole one at first.
  const std::vector<TimedFault>& smallest() const noexcept { return smallest_; }
  /// What was wrong with it, in the words of its run.
  const std::string& verdict() const noexcept { return verdict_; }

private:
  bool try_out(std::span<const TimedFault> faults) {
    const auto list = (folder_.path() / "faults").string();
    std::ofstream{list} << to_lines(faults);
    auto words = options_.rerun;
    words.insert(words.end(), {"--orders", list});
    for (std::uint32_t turn = 0; turn != options_.repeats; ++turn)
      if (fails_once(words, faults))
        return true;
    return false;
  }

  bool fails_once(const std::vector<std::string>& words,
                  std::span<const TimedFault> faults) {
    const auto begin = Clock::now();
    const auto log = (folder_.path() / "log").string();
    const int fd = ::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
                          0600);
    if (fd < 0)
      throw SearchEnded{"cannot write to " + folder_.path().string()};
    const auto end = run(words, {.in = -1, .out = fd, .err = fd});
    ::close(fd);
    std::ostringstream text;
    text << std::ifstream{log}.rdbuf();
    out_ << "rerun " << ++runs_ << ", " << faults.size()
         << " faults: " << end.text() << " after "
         << std::chrono::duration_cast<std::chrono::seconds>(Clock::now()
                                                             - begin)
              .count()
         << " s" << std::endl;
    if (end.proves_nothing())
      throw SearchEnded{"a rerun could not be done:\n" + text.str()};
    if (end.passed())
      return false;
    smallest_.assign(faults.begin(), faults.end());
    const auto verdict = text.str().rfind("\nstorm: ");
    verdict_ = verdict == std::string::npos ? end.text() + '\n'
                                            : text.str().substr(verdict);
    return true;
  }

  ChildEnd run(const std::vector<std::string>& words,
               const demo::ChildStreams& streams) {
    const auto pid = demo::start_child(demo::own_program, words, streams);
    if (!pid)
      throw SearchEnded{pid.error().text};
    bool interrupted = false;
    int status = 0;
    while (::waitpid(*pid, &status, WNOHANG) == 0)
      if (waiter_.wait(look_interval).asks_to_stop()) {
        // The second one ends a run at once, like one typed at it.
        ::kill(*pid, SIGTERM);
        interrupted = true;
      }
    if (interrupted)
      throw Interrupted{};
    if (WIFSIGNALED(status))
      return {0, WTERMSIG(status)};
    return {WEXITSTATUS(status), 0};
  }

  const ShrinkOptions& options_;
  SignalWaiter& waiter_;
  std::ostream& out_;
  demo::TemporaryFolder folder_;
  std::vector<TimedFault> smallest_;
  std::string verdict_;
  std::uint32_t runs_ = 0;
};

void print_list(std::ostream& out, const Search& search,
                const ShrinkOptions& options) {
  auto words = options.rerun;
  words.insert(words.end(), {"--orders", "FILE"});
  out << "\nThe smallest list seen to fail has " << search.smallest().size()
      << " of " << options.faults.size()
      << " faults. With these lines in FILE\n  " << shell_line(words)
      << "\nruns it again:\n\n"
      << to_lines(search.smallest()) << '\n'
      << search.verdict() << std::flush;
}

void shrink(Search& search, const ShrinkOptions& options, std::ostream& out) {
  out << "\nLooking for the smallest list of faults that still fails, with at "
         "most "
      << options.max_runs << " reruns; Ctrl-C ends the search.\n"
      << std::flush;
  const auto result = search.shrink();
  switch (result.end) {
    case ShrinkEnd::not_again:
      out << "\nThe same faults did not fail again, so nothing can be left "
             "out. Run the storm once more, or with --shrink-repeats.\n"
          << std::flush;
      return;
    case ShrinkEnd::run_limit:
      out << "\nThe reruns are used up, a smaller list may exist.\n";
      break;
    case ShrinkEnd::minimal:
      out << "\nWithout any one of these faults it does not fail.\n";
      break;
  }
  print_list(out, search, options);
}

} // namespace

std::string shell_line(const std::vector<std::string>& words) {
  constexpr std::string_view plain
    = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
      "_-=,./:+@%";
  std::string line;
  for (const auto& word : words) {
    line += line.empty() ? "" : " ";
    if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) {
      line += word;
      continue;
    }
    line += '\'';
    for (const char letter : word)
      line += letter == '\'' ? R"('\'')" : std::string(1, letter);
    line += '\'';
  }
  return line;
}

ExitCode run_and_shrink(const ShrinkOptions& options, SignalWaiter& waiter,
                        std::ostream& out, std::ostream& complaints) {
  Search search{options, waiter, out};
  try {
    const auto end = search.run_storm();
    if (end.passed() || end.proves_nothing())
      return ExitCode{end.code};
    if (end.signal != 0)
      out << "\nstorm: FAILED\n  the process died of signal " << end.signal
          << '\n';
  } catch (const SearchEnded& error) {
    complaints << "error: " << error.what() << std::endl;
    return ExitCode::failure;
  }
  try {
    shrink(search, options, out);
  } catch (const Interrupted&) {
    print_list(out, search, options);
  } catch (const SearchEnded& error) {
    complaints << "error: the search ends: " << error.what() << std::endl;
  }
  return ExitCode::verdict_failed;
}

} // namespace millrace::node::chaos
