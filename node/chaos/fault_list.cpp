#include "node/chaos/fault_list.hpp"

#include "logic/core/json_text.hpp"
#include "node/config/quantity.hpp"
#include "node/config/words.hpp"

#include <algorithm>
#include <fstream>
#include <utility>

namespace millrace::node::chaos {

namespace {

using logic::Error;
using logic::ErrorCode;
using logic::Result;
using logic::faults::FaultKind;
using logic::faults::TimedFault;

constexpr std::string_view blanks = " \t\r";

/// Splits off the first word.
std::string_view take_word(std::string_view& text) noexcept {
  const auto end = std::min(text.find_first_of(blanks), text.size());
  const auto word = text.substr(0, end);
  text = trimmed(text.substr(end));
  return word;
}

Result<TimedFault> parse_line(std::string_view line) {
  if (take_word(line) != "at")
    return Error{ErrorCode::invalid_argument,
                 "does not begin with 'at' (example: at 1200ms crash encoder "
                 "1)"};
  const auto time = take_word(line);
  const auto at = parse_duration(time);
  if (!at || at->count() < 0 || *at > logic::faults::max_storm_duration)
    return Error{ErrorCode::invalid_argument,
                 logic::quoted(time) + " is no time (allowed: 0ms to "
                   + render_duration(logic::faults::max_storm_duration) + ')'};
  auto order = logic::faults::parse_fault_order(line);
  if (!order)
    return order.error();
  return TimedFault{*at, 0, *std::move(order)};
}

} // namespace

std::string to_line(const TimedFault& fault) {
  return "at " + std::to_string(fault.at.count()) + "ms "
         + logic::faults::to_string(fault.order);
}

std::string to_lines(std::span<const TimedFault> faults) {
  std::string text;
  for (const auto& fault : faults)
    text.append(to_line(fault)).append(1, '\n');
  return text;
}

Result<std::vector<TimedFault>> parse_fault_list(std::string_view text) {
  std::vector<TimedFault> faults;
  std::size_t number = 0;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.empty() || line.starts_with('#'))
      continue;
    auto fault = parse_line(line);
    if (!fault)
      return Error{fault.error().code, "line " + std::to_string(number) + ": "
                                         + fault.error().text};
    if (faults.size() == logic::faults::max_storm_faults)
      return Error{ErrorCode::invalid_argument,
                   "line " + std::to_string(number) + ": more than "
                     + std::to_string(logic::faults::max_storm_faults)
                     + " faults"};
    faults.push_back(*std::move(fault));
  }
  std::stable_sort(
    faults.begin(), faults.end(),
    [](const TimedFault& a, const TimedFault& b) { return a.at < b.at; });
  for (std::uint32_t place = 0; place != faults.size(); ++place)
    faults[place].number = place + 1;
  return faults;
}

Result<std::vector<TimedFault>> read_fault_list(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  std::string text;
  for (char chunk[65'536]; file.read(chunk, sizeof chunk), file.gcount() > 0;) {
    text.append(chunk, static_cast<std::size_t>(file.gcount()));
    if (text.size() > max_fault_list_bytes)
      return Error{ErrorCode::invalid_argument,
                   '"' + path + "\" is longer than 64 MiB"};
  }
  if (!file.eof())
    return Error{ErrorCode::io_failed, "cannot read \"" + path + '"'};
  auto faults = parse_fault_list(text);
  if (!faults)
    return Error{faults.error().code, path + ", " + faults.error().text};
  return faults;
}

std::chrono::milliseconds end_of(std::span<const TimedFault> faults) {
  std::chrono::milliseconds end{0};
  for (const auto& [at, number, order] : faults)
    end = std::max(end, at
                          + (order.kind == FaultKind::slow
                               ? order.duration * order.count
                               : order.duration));
  return end;
}

} // namespace millrace::node::chaos
