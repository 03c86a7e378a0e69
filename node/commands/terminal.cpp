#include "node/commands/terminal.hpp"

#include "node/lifecycle/exit_code.hpp"

#include <clocale>
#include <string_view>

#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace millrace::node::commands {

namespace {

constexpr std::string_view hide_cursor = "\033[?25l";
constexpr std::string_view show_cursor = "\033[?25h";

void write(std::string_view order) noexcept {
  [[maybe_unused]] const auto written = ::write(STDOUT_FILENO, order.data(),
                                                order.size());
}

void end(int) {
  ::_exit(to_int(ExitCode::success));
}

void end_redrawing(int signal) {
  write(show_cursor);
  end(signal);
}

} // namespace

Terminal look_at_terminal() {
  Terminal terminal;
  terminal.present = ::isatty(STDOUT_FILENO) == 1;
  winsize size{};
  if (terminal.present && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
    if (size.ws_col != 0)
      terminal.columns = size.ws_col;
    if (size.ws_row != 0)
      terminal.rows = size.ws_row;
  }
  return terminal;
}

bool locale_is_utf8() {
  const auto locale = ::newlocale(LC_CTYPE_MASK, "", locale_t{});
  if (locale == locale_t{})
    return false;
  const bool utf8 = std::string_view{::nl_langinfo_l(CODESET, locale)}
                    == "UTF-8";
  ::freelocale(locale);
  return utf8;
}

StatusCanvas output_canvas() {
  constexpr std::size_t endless = 10'000;
  const auto terminal = look_at_terminal();
  return {terminal.present ? terminal.columns : endless,
          terminal.present && !locale_is_utf8()};
}

WatchScope::WatchScope(bool redraws) : redraws_(redraws) {
  struct sigaction action {};
  action.sa_handler = redraws ? end_redrawing : end;
  ::sigaction(SIGINT, &action, &interrupt_);
  ::sigaction(SIGTERM, &action, &terminate_);
  if (redraws)
    write(hide_cursor);
}

WatchScope::~WatchScope() {
  if (redraws_)
    write(show_cursor);
  ::sigaction(SIGINT, &interrupt_, nullptr);
  ::sigaction(SIGTERM, &terminate_, nullptr);
}

} // namespace millrace::node::commands
