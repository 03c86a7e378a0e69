#include "node/chaos/storm_report.hpp"

#include "logic/faults/fault_forms.hpp"
#include "logic/verification/verification_report_text.hpp"
#include "node/chaos/recovery_log.hpp"
#include "node/config/quantity.hpp"

#include <algorithm>
#include <cstdio>
#include <iomanip>
#include <sstream>
#include <string_view>

namespace millrace::node::chaos {

namespace {

using logic::faults::FaultKind;
using logic::faults::form_of;
using logic::supervision::State;
using logic::supervision::Status;

constexpr int name_width = 18;
constexpr int number_width = 10;

std::string count_of(std::uint64_t count, const char* one, const char* many) {
  return std::to_string(count) + ' ' + (count == 1 ? one : many);
}

/// Why doubles are no fault of the node; empty: they are.
std::string_view doubles_excuse(const StormReport& report) {
  if (report.of(FaultKind::lose_reports).done != 0)
    return "delivery reports were lost on purpose";
  if (report.of(FaultKind::broker_down).done != 0)
    return "an outage loses acknowledgements, and the embedded broker, unlike "
           "a real one, does not drop all that the client then repeats";
  return {};
}

/// The same of records out of order.
std::string_view swaps_excuse(const StormReport& report) {
  return report.of(FaultKind::fail_deliveries).done != 0
           ? "deliveries failed on purpose, and what is sent again comes later"
           : std::string_view{};
}

/// What the delivery check found that is not excused.
void add_delivery_complaints(std::vector<std::string>& found,
                             const StormReport& report) {
  const auto& total = report.deliveries->total;
  const auto complain = [&found](std::uint64_t count, const char* what) {
    if (count != 0)
      found.push_back(count_of(count, "record ", "records ") + what);
  };
  complain(total.lost, "lost");
  complain(total.corrupted, "corrupted");
  complain(total.foreign, "without an input");
  complain(total.unproven, "unproven, as the broker did not keep everything");
  if (doubles_excuse(report).empty())
    complain(total.doubled, "doubled");
  if (swaps_excuse(report).empty())
    complain(total.swapped, "out of order");
  // An outage may double a record there as well.
  if (total.input < report.written)
    found.push_back(count_of(report.written, "record was", "records were")
                    + " written to the input, " + std::to_string(total.input)
                    + " are there");
}

void print_excuse(std::ostream& out, std::uint64_t count, const char* what,
                  std::string_view excuse) {
  if (count != 0 && !excuse.empty())
    out << count << what << ": " << excuse << '\n';
}

class Lines {
public:
  explicit Lines(std::ostream& out) : out_(out) {}

  void title(std::string_view text) { out_ << '\n' << text << '\n'; }

  void fact(std::string_view name, const std::string& text) {
    out_ << "  " << padded(name, name_width) << ' ' << text << '\n';
  }

  void row(std::string_view name, const std::vector<std::string>& cells) {
    out_ << "  " << padded(name, name_width);
    for (const auto& cell : cells)
      out_ << std::setw(number_width + 1) << std::right << cell;
    out_ << '\n';
  }

private:
  static std::string padded(std::string_view name, int width) {
    std::string text{name};
    text.resize(std::max(text.size(), static_cast<std::size_t>(width)), ' ');
    return text;
  }

  std::ostream& out_;
};

void print_faults(Lines& lines, const StormReport& report) {
  lines.title("Faults");
  lines.row("", {"done", "impossible"});
  FaultCount total;
  for (const auto& form : logic::faults::fault_forms) {
    const auto& count = report.of(form.kind);
    if (count.done + count.impossible == 0)
      continue;
    lines.row(form.name,
              {std::to_string(count.done), std::to_string(count.impossible)});
    total.done += count.done;
    total.impossible += count.impossible;
  }
  lines.row("all",
            {std::to_string(total.done), std::to_string(total.impossible)});
}

void print_recoveries(Lines& lines, const StormReport& report) {
  const auto summaries = summarize(report.recoveries);
  if (summaries.empty()) {
    lines.title("Recoveries: none");
    return;
  }
  lines.title("Recoveries: from the failure to a sign of life, and beyond the "
              "back-off");
  lines.row("", {"count", "median", "p99", "worst", "median", "p99", "worst"});
  for (const auto& [name, total, beyond] : summaries)
    lines.row(name, {std::to_string(total.count), readable(total.median),
                     readable(total.p99), readable(total.worst),
                     readable(beyond.median), readable(beyond.p99),
                     readable(beyond.worst)});
}

void print_hangs(Lines& lines, const StormReport& report) {
  if (report.hangs.empty())
    return;
  const auto findings = find_hangs(report.hangs, report.recoveries);
  lines.title("Hangs: from the order until they were found");
  if (!findings.times.empty())
    lines.row("", {"count", "median", "p99", "worst"});
  for (const auto& [kind, durations] : findings.times) {
    const auto times = times_of(durations);
    lines.row(kind, {std::to_string(times.count), readable(times.median),
                     readable(times.p99), readable(times.worst)});
  }
  lines.fact("found", std::to_string(findings.found()) + " of "
                        + std::to_string(report.hangs.size()) + "; "
                        + std::to_string(findings.replaced)
                        + " failed in another way first, "
                        + std::to_string(findings.unnoticed)
                        + " were over before anything was found");
}

void print_deliveries(std::ostream& out, const StormReport& report) {
  const auto& deliveries = *report.deliveries;
  out << "\nWhat became of every record (millrace verify)\n"
      << to_table(deliveries); // the verdict is on the storm
  print_excuse(out, deliveries.total.doubled, " doubled",
               doubles_excuse(report));
  print_excuse(out, deliveries.total.swapped, " out of order",
               swaps_excuse(report));
}

} // namespace

std::string readable(std::chrono::microseconds duration) {
  const auto count = duration.count();
  char text[32];
  if (count < 1'000)
    std::snprintf(text, sizeof text, "%ld us", static_cast<long>(count));
  else if (count < 1'000'000)
    std::snprintf(text, sizeof text, "%.1f ms",
                  static_cast<double>(count) / 1e3);
  else
    std::snprintf(text, sizeof text, "%.2f s",
                  static_cast<double>(count) / 1e6);
  return text;
}

std::vector<std::string> complaints(const StormReport& report) {
  std::vector<std::string> found;
  if (!report.node_failure.empty())
    found.push_back("the node ended by itself: " + report.node_failure);
  if (!report.not_quiescent.empty())
    found.push_back(report.not_quiescent);
  if (report.stop_code != 0 && report.node_failure.empty())
    found.push_back("the node did not stop cleanly (exit code "
                    + std::to_string(report.stop_code) + ')');
  if (report.deliveries)
    add_delivery_complaints(found, report);
  const auto& poison = report.poison;
  if (poison.found != poison.planted)
    found.push_back(
      count_of(poison.planted - poison.found, "poison record", "poison records")
      + " did not end as a dead letter with the reason poison");
  if (poison.innocent != 0)
    found.push_back(count_of(poison.innocent, "record", "records")
                    + " died as poison that nobody planted");
  return found;
}

void print_report(std::ostream& out, const StormReport& report) {
  Lines lines{out};
  lines.title("The storm");
  lines.fact("seed", std::to_string(report.seed));
  lines.fact("faults", std::to_string(report.planned) + " over "
                         + render_duration(report.duration));
  lines.fact("the same again", report.again);
  if (!report.node_failure.empty())
    lines.fact("ended by itself", report.node_failure);
  print_faults(lines, report);
  print_recoveries(lines, report);
  print_hangs(lines, report);
  lines.title("Restarts of actors");
  for (const auto& [actor, count] : report.restarts)
    lines.row(actor, {std::to_string(count)});
  if (report.restarts.empty())
    lines.fact("none", "");
  lines.title("Other figures");
  lines.fact("records written", std::to_string(report.written));
  lines.fact("batches again", std::to_string(report.redispatched));
  lines.fact("peak memory", std::to_string(report.peak_memory_bytes >> 20U)
                              + " MiB, generator included");
  out << std::flush;
}

void print_verdict(std::ostream& out, const StormReport& report) {
  if (report.deliveries)
    print_deliveries(out, report);
  if (report.poison.planted != 0 || report.poison.innocent != 0)
    out << "poison: " << report.poison.planted << " planted, "
        << report.poison.found << " found, " << report.poison.innocent
        << " not planted\n";
  const auto found = complaints(report);
  out << "\nstorm: " << (found.empty() ? "passed" : "FAILED");
  if (report.deliveries) {
    const auto& total = report.deliveries->total;
    out << ", " << total.lost << " lost, " << total.doubled << " doubled, "
        << total.swapped << " out of order";
  }
  out << '\n';
  for (const auto& complaint : found)
    out << "  " << complaint << '\n';
  out << std::flush;
}

std::map<std::string, std::uint64_t> restarts_of(const Status& tree) {
  std::map<std::string, std::uint64_t> restarts;
  if (tree.child && tree.restarts != 0)
    restarts.emplace(tree.name, tree.restarts);
  for (const auto& member : tree.members)
    restarts.merge(restarts_of(member));
  return restarts;
}

std::size_t down_in(const Status& tree) {
  std::size_t down = tree.state == State::waiting
                         || tree.state == State::given_up
                       ? 1
                       : 0;
  for (const auto& member : tree.members)
    down += down_in(member);
  return down;
}

} // namespace millrace::node::chaos
