#include "logic/faults/fault_mix.hpp"

#include "logic/core/json_text.hpp"
#include "logic/faults/fault_forms.hpp"
#include "logic/faults/fault_words.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace millrace::logic::faults {

namespace {

constexpr std::size_t max_mix_bytes = 1024;

Error wrong(std::string_view text, const std::string& what) {
  return {ErrorCode::invalid_argument,
          "mix of faults " + quoted(text) + ": " + what};
}

std::string kind_names() {
  std::vector<std::string_view> names;
  names.reserve(fault_forms.size());
  for (const auto& form : fault_forms)
    names.push_back(form.name);
  return joined(names);
}

std::string_view trimmed(std::string_view text) noexcept {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

} // namespace

FaultMix default_mix() noexcept {
  FaultMix mix;
  mix[FaultKind::crash] = 40;
  mix[FaultKind::hang] = 1;
  mix[FaultKind::slow] = 12;
  mix[FaultKind::corrupt_answer] = 10;
  mix[FaultKind::fail_deliveries] = 12;
  mix[FaultKind::fence_producer] = 3;
  mix[FaultKind::fail_commits] = 8;
  mix[FaultKind::drop_credit] = 8;
  mix[FaultKind::exhaust_credit] = 5;
  mix[FaultKind::broker_down] = 1;
  return mix;
}

std::string to_string(const FaultMix& mix) {
  std::string text;
  for (const auto& form : fault_forms)
    if (mix[form.kind] != 0)
      text.append(text.empty() ? "" : ",")
        .append(form.name)
        .append("=")
        .append(std::to_string(mix[form.kind]));
  return text;
}

Result<FaultMix> parse_fault_mix(std::string_view text) {
  if (text.size() > max_mix_bytes)
    return wrong(text, "too long (allowed: " + std::to_string(max_mix_bytes)
                         + " bytes)");
  FaultMix mix;
  std::array<bool, fault_kind_count> seen{};
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find(',', begin), text.size());
    const auto part = trimmed(text.substr(begin, end - begin));
    begin = end + 1;
    const auto equals = part.find('=');
    if (equals == std::string_view::npos)
      return wrong(text, quoted(part)
                           + " is not of the form KIND=WEIGHT (example: "
                             "crash=10,hang=1)");
    const auto name = trimmed(part.substr(0, equals));
    const auto kind = fault_kind_of(name);
    if (!kind)
      return wrong(text, quoted(name) + " is no kind of fault (allowed: "
                           + kind_names() + ')');
    if (std::exchange(seen[static_cast<std::size_t>(*kind)], true))
      return wrong(text, quoted(name) + " is there twice");
    const auto weight = trimmed(part.substr(equals + 1));
    const auto number = parse_number(weight, max_fault_weight);
    if (!number)
      return wrong(text, quoted(weight) + " is no weight of " + quoted(name)
                           + " (allowed: a whole number from 0 to "
                           + std::to_string(max_fault_weight) + ')');
    mix[*kind] = *number;
  }
  if (mix == FaultMix{})
    return wrong(text, "no kind has a weight above 0, so no fault would occur");
  return mix;
}

} // namespace millrace::logic::faults
