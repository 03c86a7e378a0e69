#include "logic/validation/outcome_config.hpp"

#include "logic/core/json_text.hpp"
#include "logic/validation/validator_words.hpp"

#include <algorithm>

namespace millrace::logic {

namespace {

constexpr std::string_view member_key = "detection.outcome_member";

Error refusal(std::string text) {
  return {ErrorCode::invalid_config, std::move(text)};
}

void check_path(std::string_view member, std::vector<Error>& faults) {
  const auto path = outcome_path(member);
  if (path.size() > max_outcome_depth)
    faults.push_back(refusal(std::string{member_key} + " is deeper than "
                             + std::to_string(max_outcome_depth) + " members"));
  if (std::ranges::any_of(path, &std::string_view::empty))
    faults.push_back(refusal(std::string{member_key} + " " + quoted(member)
                             + " has an empty name between its dots"));
  // Members of such names would be passed over in silence.
  if (member.starts_with("$.") || member.starts_with('/')
      || member.find('[') != std::string_view::npos)
    faults.push_back(refusal(std::string{member_key} + " " + quoted(member)
                             + " is written as a JSONPath or a JSON pointer; "
                               "write the names with dots "
                               "between them, such as outcome.result"));
  // These must be texts or numbers of their own.
  constexpr std::string_view taken[] = {"user_id",     "app_version", "ip",
                                        "device_type", "device_id",   "locale",
                                        "timestamp"};
  if (!path.empty()
      && std::ranges::find(taken, path.front()) != std::ranges::end(taken))
    faults.push_back(refusal(std::string{member_key} + " " + quoted(member)
                             + " names a member that says something else"));
}

} // namespace

std::vector<std::string_view> outcome_path(std::string_view member) {
  std::vector<std::string_view> path;
  if (member.empty())
    return path;
  for (;;) {
    const auto dot = member.find('.');
    path.push_back(member.substr(0, dot));
    if (dot == std::string_view::npos)
      return path;
    member.remove_prefix(dot + 1);
  }
}

void describe(SettingVisitor& visitor, OutcomeConfig& config) {
  visitor.setting(
    {.name = "outcome_member",
     .help = "Member that says how a login ended: a name, or a path with dots "
             "(`outcome.result`). Empty: `login_status`, and the boolean "
             "`success` where that does not tell."},
    &config.member);
  visitor.setting(
    {.name = "success_values",
     .help = "Values of that member that mean a successful login, in any "
             "case. A boolean counts as it is, other values mean unknown."},
    &config.success_values);
  visitor.setting(
    {.name = "failure_values",
     .help = "Values of that member that mean a failed login, in any case."},
    &config.failure_values);
}

std::vector<Error> check(const OutcomeConfig& config) {
  std::vector<Error> faults;
  check_path(config.member, faults);
  for (const auto& value : config.success_values)
    for (const auto& other : config.failure_values)
      if (lower_case(value) == lower_case(other))
        faults.push_back(
          refusal("detection.success_values and detection.failure_values both "
                  "have "
                  + quoted(value)));
  return faults;
}

} // namespace millrace::logic
