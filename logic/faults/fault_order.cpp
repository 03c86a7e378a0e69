#include "logic/faults/fault_order.hpp"

#include "logic/faults/fault_forms.hpp"
#include "logic/faults/fault_words.hpp"

#include <algorithm>

namespace millrace::logic::faults {

namespace {

/// "fail deliveries"
std::string words_of(const FaultForm& form) {
  std::string words{form.name};
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

std::string_view placeholder_of(TargetScope scope) noexcept {
  switch (scope) {
    case TargetScope::actor:
      return " ACTOR [NUMBER]";
    case TargetScope::stage:
      return " STAGE [NUMBER]";
    case TargetScope::all_of_stage:
      return " STAGE";
    case TargetScope::fixed:
      break;
  }
  return "";
}

void append_option(std::string& text, Need need, const std::string& option) {
  if (need == Need::always)
    text.append(" ").append(option);
  else if (need == Need::maybe)
    text.append(" [").append(option).append("]");
}

/// "slow ACTOR [NUMBER] for DURATION [times COUNT]"
std::string usage_of(const FaultForm& form) {
  auto text = words_of(form).append(placeholder_of(form.scope));
  if (form.match)
    text += " MATCH";
  append_option(text, form.after, "after BATCHES");
  append_option(text, form.duration, "for DURATION");
  append_option(text, form.times, "times COUNT");
  return text;
}

/// Words after a name, with the name once and lines of at most 80 columns.
void append_legend(std::string& text, std::string_view name,
                   std::string_view meaning) {
  constexpr std::size_t name_width = 10;
  constexpr std::size_t line_width = 80;
  std::string line{name};
  line.resize(name_width, ' ');
  while (!meaning.empty()) {
    const auto end = std::min(meaning.find(' '), meaning.size());
    if (line.size() + end > line_width) {
      line.erase(line.find_last_not_of(' ') + 1);
      text.append(line).append(1, '\n');
      line.assign(name_width, ' ');
    }
    line.append(meaning.substr(0, end)).append(1, ' ');
    meaning.remove_prefix(std::min(end + 1, meaning.size()));
  }
  line.erase(line.find_last_not_of(' ') + 1);
  text.append(line).append(1, '\n');
}

} // namespace

std::vector<std::string_view> target_names(TargetScope scope) {
  std::vector<std::string_view> names;
  for (const auto& traits : actor_table)
    if (scope == TargetScope::actor || traits.stage)
      names.push_back(traits.name);
  return names;
}

std::string_view to_string(FaultKind kind) noexcept {
  return form_of(kind).name;
}

std::optional<FaultKind> fault_kind_of(std::string_view name) noexcept {
  for (const auto& form : fault_forms)
    if (form.name == name)
      return form.kind;
  return std::nullopt;
}

std::string to_string(const FaultOrder& order) {
  const auto& form = form_of(order.kind);
  auto text = words_of(form);
  if (form.scope != TargetScope::fixed)
    text.append(" ").append(order.target);
  if (form.match)
    text.append(" ").append(render_word(order.match));
  if (order.after_batches != 0)
    text.append(" after ").append(std::to_string(order.after_batches));
  if (form.duration == Need::always)
    text.append(" for ").append(render_fault_duration(order.duration));
  if (order.count != 1)
    text.append(" times ").append(std::to_string(order.count));
  return text;
}

bool is_meant(const FaultOrder& order, std::string_view actor) noexcept {
  if (!actor.starts_with(order.target))
    return false;
  const auto rest = actor.substr(order.target.size());
  if (rest.empty())
    return true;
  return rest.front() == ' '
         && parse_number(rest.substr(1), max_actor_number).has_value();
}

std::string help() {
  std::string text;
  for (const auto& form : fault_forms)
    text.append(usage_of(form))
      .append("\n    ")
      .append(form.explanation)
      .append(1, '\n');
  text += '\n';
  append_legend(text, "ACTOR", joined(target_names(TargetScope::actor)));
  append_legend(text, "STAGE", joined(target_names(TargetScope::stage)));
  append_legend(text, "NUMBER",
                "of the lane, for an anomaly_detector of the shard, from 0; "
                "without it all of that kind are meant");
  append_legend(text, "MATCH",
                "bytes of the value of a record; in double quotes if it holds "
                "blanks, double quotes or backslashes, with \\\" \\\\ \\n \\r "
                "\\t and \\xHH for what cannot be written");
  append_legend(text, "DURATION",
                "a whole number with ms, s, min or h, at most "
                  + render_fault_duration(max_fault_duration));
  append_legend(text, "BATCHES",
                "0 to " + std::to_string(max_after_batches) + ", else 0");
  append_legend(text, "COUNT",
                "1 to " + std::to_string(max_fault_count) + ", else 1");
  return text;
}

} // namespace millrace::logic::faults
