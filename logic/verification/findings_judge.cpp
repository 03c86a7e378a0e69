#include "logic/verification/findings_judge.hpp"

#include "logic/records/judgement.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <cstdio>
#include <iterator>

namespace millrace::logic::verification {

namespace {

namespace json = boost::json;

std::int64_t number_in(const json::object& object, const char* name) {
  const auto* value = object.if_contains(name);
  boost::system::error_code fault;
  const auto number = value == nullptr ? -1
                                       : value->to_number<std::int64_t>(fault);
  return fault ? -1 : number;
}

const json::object* object_in(const json::object& object,
                              const std::string& name) {
  const auto* value = object.if_contains(name);
  return value == nullptr ? nullptr : value->if_object();
}

std::string line(const char* name, std::uint64_t common, std::uint64_t missing,
                 std::uint64_t invented) {
  char text[128];
  std::snprintf(text, sizeof text, "%-20s %9llu %9llu %9llu\n", name,
                static_cast<unsigned long long>(common),
                static_cast<unsigned long long>(missing),
                static_cast<unsigned long long>(invented));
  return text;
}

} // namespace

bool FindingsReport::agrees(double share) const {
  const auto enough = [share](std::uint64_t common, std::uint64_t other) {
    return static_cast<double>(common)
           >= share * static_cast<double>(common + other);
  };
  return expected.events == found.events && expected.events != 0
         && expected.unreadable == 0 && found.unreadable == 0
         && std::ranges::all_of(rules, [&](const RuleComparison& rule) {
              return enough(rule.common, rule.missing)
                     && enough(rule.common, rule.invented);
            });
}

std::string to_text(const FindingsReport& report) {
  const auto side = [](const char* name, const FindingsReport::Side& each) {
    return std::string{name} + std::to_string(each.events) + " events, "
           + std::to_string(each.unjudged) + " unjudged, "
           + std::to_string(each.unreadable) + " unreadable\n";
  };
  char head[128];
  std::snprintf(head, sizeof head, "%-20s %9s %9s %9s\n", "found by", "both",
                "one only", "new only");
  auto text = side("one node  ", report.expected)
              + side("the other ", report.found) + head;
  for (const auto& rule : report.rules)
    text += line(rule.rule.c_str(), rule.common, rule.missing, rule.invented);
  return text;
}

FindingsJudge::FindingsJudge(std::string prefix)
  : source_(prefix + "source"), anomaly_(prefix + "anomaly") {}

void FindingsJudge::take(const RecordView& output, Seen& seen) const {
  const auto text = output.value.value_or(std::string_view{});
  boost::system::error_code fault;
  const auto value = json::parse({text.data(), text.size()}, fault);
  const auto* event = fault ? nullptr : value.if_object();
  const auto* source = event == nullptr ? nullptr : object_in(*event, source_);
  if (source == nullptr) {
    ++seen.side.unreadable;
    return;
  }
  const Input input{number_in(*source, "partition"),
                    number_in(*source, "offset")};
  if (!seen.inputs.insert(input).second)
    return; // at least once
  ++seen.side.events;
  const auto* anomaly = object_in(*event, anomaly_);
  if (anomaly == nullptr)
    return;
  if (const auto* judged = anomaly->if_contains("judged");
      judged != nullptr && judged->is_bool() && !judged->get_bool())
    ++seen.side.unjudged;
  const auto* rules = anomaly->if_contains("rules");
  if (rules == nullptr || !rules->is_array())
    return;
  for (const auto& rule : rules->get_array()) {
    if (!rule.is_string())
      continue;
    const std::string name{rule.get_string()};
    // A spray is found at whoever comes next; it is the address's.
    const auto* subject = event->if_contains(
      name == to_string(Rule::password_spray) ? "ip" : "user_id");
    if (subject != nullptr && subject->is_string())
      seen.subjects[name].emplace(subject->get_string());
  }
}

FindingsReport FindingsJudge::report() const {
  FindingsReport report{first_.side, second_.side, {}};
  std::set<std::string> names;
  for (const auto* seen : {&first_, &second_})
    for (const auto& [rule, subjects] : seen->subjects)
      names.insert(rule);
  static const std::set<std::string> none;
  const auto subjects_of =
    [](const Seen& seen,
       const std::string& rule) -> const std::set<std::string>& {
    const auto found = seen.subjects.find(rule);
    return found == seen.subjects.end() ? none : found->second;
  };
  for (const auto& name : names) {
    const auto& expected = subjects_of(first_, name);
    const auto& found = subjects_of(second_, name);
    const auto common = static_cast<std::uint64_t>(std::ranges::count_if(
      expected, [&](const std::string& user) { return found.contains(user); }));
    report.rules.push_back(
      {name, common, expected.size() - common, found.size() - common});
  }
  return report;
}

} // namespace millrace::logic::verification
