#include "node/commands/lag_report.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <array>
#include <cstdio>
#include <optional>
#include <string_view>
#include <utility>

namespace millrace::node::commands {

namespace {

namespace json = boost::json;

using logic::GroupLag;
using logic::GroupMember;
using logic::GroupSight;
using logic::GroupState;
using logic::LagLine;
using logic::LagRates;
using logic::LagRemark;
using logic::LagTotals;
using logic::LagTrend;

// -- For people ---------------------------------------------------------------

std::string fixed(double number, int digits) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, number);
  return text.data();
}

/// Whole numbers, and a digit more where they are small.
std::string rate_text(double rate) {
  return fixed(rate, rate > 0.0 && rate < 10.0 ? 1 : 0);
}

std::string seconds_text(double seconds) {
  if (seconds < 120.0)
    return fixed(seconds, seconds < 10.0 ? 1 : 0) + " s";
  if (seconds < 7'200.0)
    return fixed(seconds / 60.0, 0) + " min";
  if (seconds < 172'800.0)
    return fixed(seconds / 3'600.0, 1) + " h";
  return fixed(seconds / 86'400.0, 1) + " d";
}

std::string trend_text(LagTrend trend, std::optional<double> seconds) {
  switch (trend) {
    case LagTrend::caught_up:
      return "caught up";
    case LagTrend::catching_up:
      return seconds_text(seconds.value_or(0.0));
    case LagTrend::steady:
      return "steady";
    case LagTrend::falling_behind:
      return "falls behind";
    case LagTrend::standing_still:
      return "stands still";
    case LagTrend::unknown:
      break;
  }
  return "-";
}

std::string remark_text(const LagLine& line) {
  switch (line.remark) {
    case LagRemark::never_committed:
      return "never committed";
    case LagRemark::expired:
      return std::to_string(line.expired_records) + " expired unread";
    case LagRemark::topic_made_anew:
      return "committed in the topic before, which was deleted";
    case LagRemark::beyond_end:
      return "committed beyond the end";
    case LagRemark::no_leader:
      return "no leader";
    case LagRemark::gone:
      return "does not exist";
    case LagRemark::none:
      break;
  }
  return line.place.nothing_to_read ? "no record behind it" : "";
}

template <class Number>
std::string number_text(const std::optional<Number>& number) {
  return number ? std::to_string(number->value) : "-";
}

std::string holder_text(const GroupSight& sight, const LagLine& line) {
  if (!line.place.holder)
    return sight.holders_known() && line.place.exists ? "nobody" : "-";
  const GroupMember& member = sight.members[*line.place.holder];
  auto text = member.client_id;
  if (!member.instance_id.empty())
    text += " (" + member.instance_id + ")";
  return text + " at " + member.host;
}

std::string counted(std::size_t count, const char* one, const char* many) {
  return std::to_string(count) + ' ' + (count == 1 ? one : many);
}

std::string group_line(const GroupSight& sight) {
  auto text = "group " + sight.group;
  if (!sight.members_known)
    return text + ": the brokers do not tell who is in it";
  if (sight.state == GroupState::absent)
    return text
           + ": it has no members and has committed nothing, or is not "
             "there";
  text += ": " + std::string{to_string(sight.state)} + ", "
          + counted(sight.members.size(), "member", "members");
  if (!sight.assignor.empty())
    text += ", assignor " + sight.assignor;
  return text;
}

std::string totals_line(const GroupLag& lag) {
  const auto& totals = lag.totals;
  auto text = "lag " + std::to_string(totals.records) + " on "
              + counted(lag.lines.size(), "partition", "partitions");
  if (totals.rates)
    text += ", in " + rate_text(totals.rates->in) + "/s, done "
            + rate_text(totals.rates->done) + "/s: "
            + (totals.trend == LagTrend::catching_up ? "caught up in " : "")
            + trend_text(totals.trend, totals.catch_up_seconds);
  return text;
}

/// What somebody should look at; empty where there is nothing.
std::string trouble_line(const LagTotals& totals) {
  std::string text;
  const auto add = [&text](std::size_t count, const std::string& what) {
    if (count != 0)
      text += (text.empty() ? "" : ", ") + std::to_string(count) + what;
  };
  add(totals.unheld, " held by nobody");
  add(totals.standing_still, " standing still");
  add(totals.untold, " of unknown lag");
  return text;
}

Table new_table(bool has_rates) {
  std::vector<Align> columns{Align::right, Align::right, Align::right,
                             Align::right};
  std::vector<std::string> heads{"partition", "committed", "end", "lag"};
  if (has_rates) {
    columns.insert(columns.end(), 3, Align::right);
    heads.insert(heads.end(), {"in/s", "done/s", "caught up in"});
  }
  columns.insert(columns.end(), 2, Align::left);
  heads.insert(heads.end(), {"holder", ""});
  Table table{columns};
  table.add(heads);
  return table;
}

void add_row(Table& table, const GroupSight& sight, const LagLine& line,
             const StatusCanvas& canvas, bool has_rates) {
  const auto& place = line.place;
  std::vector<std::string> row{
    std::to_string(place.partition.value), number_text(place.committed),
    number_text(place.end), line.records ? std::to_string(*line.records) : "-"};
  if (has_rates) {
    row.push_back(line.rates ? rate_text(line.rates->in) : "-");
    row.push_back(line.rates ? rate_text(line.rates->done) : "-");
    row.push_back(trend_text(line.trend, line.catch_up_seconds));
  }
  row.push_back(printable(holder_text(sight, line), canvas.ascii));
  row.push_back(remark_text(line));
  table.add(std::move(row));
}

// -- For scripts --------------------------------------------------------------

template <class Number>
json::value value_of(const std::optional<Number>& number) {
  return number ? json::value(number->value) : json::value(nullptr);
}

json::value number_or_null(const std::optional<double>& number) {
  return number ? json::value(*number) : json::value(nullptr);
}

void put_movement(json::object& object, const std::optional<LagRates>& rates,
                  LagTrend trend, const std::optional<double>& seconds) {
  object["in_per_second"] = rates ? json::value(rates->in)
                                  : json::value(nullptr);
  object["done_per_second"] = rates ? json::value(rates->done)
                                    : json::value(nullptr);
  object["trend"] = to_string(trend);
  object["catch_up_seconds"] = number_or_null(seconds);
}

json::object to_object(const GroupMember& member) {
  json::object object;
  object["client_id"] = member.client_id;
  object["host"] = member.host;
  object["instance_id"] = member.instance_id;
  object["member_id"] = member.member_id;
  return object;
}

json::object to_object(const GroupSight& sight, const LagLine& line) {
  const auto& place = line.place;
  json::object object;
  object["topic"] = place.topic;
  object["partition"] = place.partition.value;
  object["committed"] = value_of(place.committed);
  object["low"] = value_of(place.low);
  object["end"] = value_of(place.end);
  object["lag"] = line.records ? json::value(*line.records)
                               : json::value(nullptr);
  object["remark"] = to_string(line.remark);
  object["expired"] = line.expired_records;
  object["nothing_to_read"] = place.nothing_to_read;
  object["holder"] = place.holder
                       ? json::value(to_object(sight.members[*place.holder]))
                       : json::value(nullptr);
  put_movement(object, line.rates, line.trend, line.catch_up_seconds);
  return object;
}

} // namespace

std::string draw_lag(const logic::GroupLagHistory& history,
                     const StatusCanvas& canvas) {
  const auto& sight = history.latest();
  const auto lag = history.lag();
  const bool has_rates = lag.totals.rates.has_value();
  std::string text;
  const auto add_line = [&](const std::string& line) {
    if (!line.empty())
      text += fitted(printable(line, canvas.ascii), canvas) + '\n';
  };
  add_line(group_line(sight));
  add_line(totals_line(lag));
  add_line(trouble_line(lag.totals));
  for (const auto& topic : sight.missing_topics)
    add_line("topic " + topic + ": does not exist");
  for (std::size_t at = 0; at != lag.lines.size();) {
    const auto& topic = lag.lines[at].place.topic;
    add_line("topic " + topic);
    auto table = new_table(has_rates);
    for (; at != lag.lines.size() && lag.lines[at].place.topic == topic; ++at)
      add_row(table, sight, lag.lines[at], canvas, has_rates);
    table.append_to(text, canvas);
  }
  return text;
}

json::object lag_document(const logic::GroupLagHistory& history) {
  const auto& sight = history.latest();
  const auto lag = history.lag();
  json::object page;
  page["group"] = sight.group;
  page["state"] = to_string(sight.state);
  page["assignor"] = sight.assignor;
  page["members"] = json::value(nullptr);
  if (sight.members_known) {
    json::array members;
    for (const auto& member : sight.members)
      members.push_back(to_object(member));
    page["members"] = std::move(members);
  }
  page["missing_topics"] = json::array(sight.missing_topics.begin(),
                                       sight.missing_topics.end());
  json::array partitions;
  for (const auto& line : lag.lines)
    partitions.push_back(to_object(sight, line));
  page["partitions"] = std::move(partitions);
  json::object total;
  total["lag"] = lag.totals.records;
  total["unknown"] = lag.totals.untold;
  total["held_by_nobody"] = lag.totals.unheld;
  total["standing_still"] = lag.totals.standing_still;
  put_movement(total, lag.totals.rates, lag.totals.trend,
               lag.totals.catch_up_seconds);
  page["total"] = std::move(total);
  return page;
}

} // namespace millrace::node::commands
