#include "node/endpoint/status_tree.hpp"

#include "node/endpoint/judgements_text.hpp"
#include "node/endpoint/text_table.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace::node {

namespace json = boost::json;

namespace {

// -- Reading the document -----------------------------------------------------

const json::value* find(const json::object& object, std::string_view name) {
  return object.if_contains(name);
}

const json::object& object_in(const json::object& object,
                              std::string_view name) {
  static const json::object none;
  const auto* value = find(object, name);
  return value != nullptr && value->is_object() ? value->get_object() : none;
}

const json::array& array_in(const json::object& object, std::string_view name) {
  static const json::array none;
  const auto* value = find(object, name);
  return value != nullptr && value->is_array() ? value->get_array() : none;
}

std::optional<std::int64_t> number_in(const json::object& object,
                                      std::string_view name) {
  const auto* value = find(object, name);
  if (value == nullptr || !value->is_int64())
    return std::nullopt;
  return value->get_int64();
}

std::string text_in(const json::object& object, std::string_view name) {
  const auto* value = find(object, name);
  if (value == nullptr || value->is_null())
    return "-";
  if (value->is_string())
    return std::string{value->get_string()};
  return json::serialize(*value);
}

bool is_true(const json::object& object, std::string_view name) {
  const auto* value = find(object, name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

std::string with_one_decimal(double number, const char* unit) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.1f %s", number, unit);
  return text.data();
}

std::string duration_text(std::int64_t milliseconds) {
  if (milliseconds < 1'000)
    return std::to_string(milliseconds) + " ms";
  if (milliseconds < 60'000)
    return with_one_decimal(static_cast<double>(milliseconds) / 1e3, "s");
  if (milliseconds < 3'600'000)
    return std::to_string(milliseconds / 60'000) + " min";
  return std::to_string(milliseconds / 3'600'000) + " h";
}

// -- The drawing --------------------------------------------------------------

class Drawing {
public:
  explicit Drawing(const StatusCanvas& canvas) : canvas_(canvas) {}

  void add_node(const json::object& status);
  void add_partitions(const json::array& partitions);
  void add_credit(const json::array& stages);
  void add_links(const json::object& links);
  void add_lanes(const json::array& lanes, std::string_view of,
                 std::string_view verb);
  void add_tree(const json::object& root);
  void add_line(std::string_view line) {
    text_ += fitted(printable(line, canvas_.ascii), canvas_) + '\n';
  }

  std::string take() && { return std::move(text_); }

private:
  struct Branch {
    std::string above; ///< in front of the member itself
    std::string below; ///< in front of what is below it
  };

  void list_partitions(const json::array& partitions);
  void sum_partitions(const json::array& partitions);
  void add_member(Table& table, const json::object& member,
                  const Branch& branch) const;
  Branch branch_of(const std::string& before, bool last) const;
  std::string clean(const json::object& object, std::string_view name) const {
    return printable(text_in(object, name), canvas_.ascii);
  }

  StatusCanvas canvas_;
  std::string text_;
};

void Drawing::add_node(const json::object& status) {
  const auto& consumer = object_in(status, "consumer");
  const auto& dispatcher = object_in(status, "dispatcher");
  const auto& producer = object_in(status, "producer");
  const auto& host = object_in(status, "lane_host");
  const auto role = text_in(status, "role");
  add_line(
    "millrace " + text_in(status, "version") + " on " + text_in(status, "node")
    + (role == "-" || role == "all" ? "" : ", " + role) + ": "
    + (is_true(status, "ready") ? "ready"
                                : "not ready, " + text_in(status, "reason")));
  if (!host.empty())
    return add_line("records " + text_in(host, "records_done")
                    + ", batches here " + text_in(host, "batches_here"));
  add_line("records " + text_in(consumer, "records") + ", outputs "
           + text_in(producer, "outputs") + ", dead letters "
           + text_in(producer, "dead_letters"));
  const auto credit = number_in(consumer, "credit_bytes");
  add_line("credit "
           + (credit ? with_one_decimal(
                static_cast<double>(*credit) / (1 << 20), "MiB")
                     : std::string{"-"})
           + ", batches in flight " + text_in(dispatcher, "batches_in_flight")
           + ", dispatched again " + text_in(dispatcher, "redispatched"));
}

void Drawing::add_partitions(const json::array& partitions) {
  constexpr std::size_t most_listed = 16;
  if (partitions.empty())
    add_line("no partitions");
  else if (partitions.size() <= most_listed)
    list_partitions(partitions);
  else
    sum_partitions(partitions);
}

void Drawing::list_partitions(const json::array& partitions) {
  Table table{{Align::right, Align::right, Align::right, Align::right,
               Align::right, Align::left}};
  table.add({"partition", "lag", "read", "finished", "committed", ""});
  for (const auto& value : partitions) {
    if (!value.is_object())
      continue;
    const auto& partition = value.get_object();
    std::string remarks = is_true(partition, "leaving") ? "leaving" : "";
    if (is_true(partition, "stalled"))
      remarks += remarks.empty() ? "stalled" : ", stalled";
    table.add({clean(partition, "partition"), clean(partition, "lag_records"),
               clean(partition, "read"), clean(partition, "finished"),
               clean(partition, "committed"), remarks});
  }
  table.append_to(text_, canvas_);
}

void Drawing::sum_partitions(const json::array& partitions) {
  std::int64_t lag = 0;
  std::int64_t most = -1;
  std::string where;
  std::array<std::pair<std::size_t, std::string_view>, 3> counts{
    {{0, " of unknown lag"}, {0, " leaving"}, {0, " stalled"}}};
  for (const auto& value : partitions) {
    if (!value.is_object())
      continue;
    const auto& partition = value.get_object();
    const auto behind = number_in(partition, "lag_records");
    lag += behind.value_or(0);
    if (behind && *behind > most) {
      most = *behind;
      where = text_in(partition, "partition");
    }
    counts[0].first += behind ? 0 : 1;
    counts[1].first += is_true(partition, "leaving") ? 1 : 0;
    counts[2].first += is_true(partition, "stalled") ? 1 : 0;
  }
  auto line = std::to_string(partitions.size()) + " partitions, lag "
              + std::to_string(lag) + " in all";
  if (most > 0)
    line += ", most " + std::to_string(most) + " on partition " + where;
  for (const auto& [count, words] : counts)
    if (count != 0)
      line.append(", ").append(std::to_string(count)).append(words);
  add_line(line);
}

std::string bytes_in(const json::object& object, std::string_view name) {
  const auto bytes = number_in(object, name);
  if (!bytes)
    return "-";
  const auto number = static_cast<double>(*bytes);
  return *bytes < (1 << 20) ? with_one_decimal(number / (1 << 10), "KiB")
                            : with_one_decimal(number / (1 << 20), "MiB");
}

void Drawing::add_credit(const json::array& stages) {
  constexpr std::size_t most_listed = 24;
  if (stages.size() > most_listed)
    return;
  Table table{{Align::left, Align::right, Align::right, Align::right}};
  table.add({"credit", "granted", "used", "waiting"});
  for (const auto& value : stages) {
    if (!value.is_object())
      continue;
    const auto& stage = value.get_object();
    table.add({clean(stage, "stage"), bytes_in(stage, "granted_bytes"),
               bytes_in(stage, "used_bytes"),
               bytes_in(stage, "waiting_bytes")});
  }
  table.append_to(text_, canvas_);
}

void Drawing::add_links(const json::object& links) {
  const auto& nodes = array_in(links, "nodes");
  const auto& unlinked = array_in(links, "unlinked");
  if (nodes.empty() && unlinked.empty())
    return add_line("linked with nobody yet");
  Table table{{Align::left, Align::left, Align::left, Align::left, Align::right,
               Align::left, Align::right, Align::left}};
  table.add({"peer", "role", "address", "state", "round trip", "shards",
             "asked/credit", "since"});
  for (const auto& value : nodes) {
    if (!value.is_object())
      continue;
    const auto& node = value.get_object();
    const auto trip = number_in(node, "round_trip_us");
    table.add({clean(node, "name"), clean(node, "role"), clean(node, "address"),
               clean(node, "state"),
               trip ? with_one_decimal(static_cast<double>(*trip) / 1e3, "ms")
                    : std::string{"-"},
               find(node, "shards") == nullptr ? std::string{"-"}
                                               : clean(node, "shards"),
               credit_text(node), clean(node, "since")});
  }
  for (const auto& value : unlinked) {
    if (!value.is_object())
      continue;
    const auto& peer = value.get_object();
    table.add({"-", "-", clean(peer, "address"), clean(peer, "reason"), "-",
               "-", "-", clean(peer, "at")});
  }
  table.append_to(text_, canvas_);
}

/// Who works for whom, and with how much credit.
void Drawing::add_lanes(const json::array& lanes, std::string_view of,
                        std::string_view verb) {
  for (const auto& value : lanes) {
    if (!value.is_object())
      continue;
    const auto& lane = value.get_object();
    const auto size = [&lane](std::string_view name) {
      const auto bytes = number_in(lane, name).value_or(0);
      return with_one_decimal(static_cast<double>(bytes) / (1 << 20), "MiB");
    };
    add_line(std::string{verb} + text_in(lane, of) + ": "
             + text_in(lane, "batches_done") + " batches done, "
             + size("used_bytes") + " of " + size("granted_bytes")
             + " credit used");
  }
}

std::string state_text(const json::object& member) {
  auto text = text_in(member, "state");
  std::ranges::replace(text, '_', ' ');
  if (const auto down = number_in(member, "down_ms"))
    text += ' ' + duration_text(*down);
  const auto hung = number_in(member, "hung").value_or(0);
  // Of a group it is the sum of what its members show.
  if (hung > 0 && find(member, "members") == nullptr)
    text += " +" + std::to_string(hung) + " hung";
  return text;
}

void Drawing::add_tree(const json::object& root) {
  Table table{{Align::left, Align::left, Align::right, Align::right,
               Align::right, Align::left}};
  table.add({"actor", "state", "life", "restarts", "mailbox", "last error"});
  add_member(table, root, {});
  table.append_to(text_, canvas_);
}

void Drawing::add_member(Table& table, const json::object& member,
                         const Branch& branch) const {
  const bool group = find(member, "members") != nullptr;
  const auto error = find(member, "last_error") == nullptr
                       ? std::string{}
                       : clean(member, "last_error");
  table.add({branch.above + clean(member, "name"),
             printable(state_text(member), canvas_.ascii),
             group ? std::string{} : clean(member, "incarnation"),
             clean(member, "restarts"),
             group ? std::string{} : clean(member, "mailbox"), error});
  const auto& members = array_in(member, "members");
  for (std::size_t at = 0; at != members.size(); ++at)
    if (members[at].is_object())
      add_member(table, members[at].get_object(),
                 branch_of(branch.below, at + 1 == members.size()));
}

Drawing::Branch Drawing::branch_of(const std::string& before, bool last) const {
  if (canvas_.ascii)
    return {before + (last ? "`- " : "|- "), before + (last ? "   " : "|  ")};
  return {before + (last ? "└─ " : "├─ "), before + (last ? "   " : "│  ")};
}

} // namespace

std::string draw_status(const json::object& status,
                        const StatusCanvas& canvas) {
  Drawing drawing{canvas};
  drawing.add_node(status);
  const auto& host = object_in(status, "lane_host");
  const auto* partitions = find(object_in(status, "consumer"), "partitions");
  if (partitions != nullptr && partitions->is_array())
    drawing.add_partitions(partitions->get_array());
  else if (host.empty())
    drawing.add_line("partitions -");
  if (const auto& stages = array_in(status, "credit"); !stages.empty())
    drawing.add_credit(stages);
  drawing.add_lanes(array_in(host, "askers"), "node", "works for ");
  drawing.add_lanes(array_in(object_in(status, "remote_lanes"), "lanes"),
                    "worker", "worker ");
  if (const auto& links = object_in(status, "links"); !links.empty())
    drawing.add_links(links);
  if (const auto& judgements = object_in(status, "judgements");
      !judgements.empty())
    drawing.add_line(judgements_text(judgements, object_in(status, "links")));
  const auto& tree = object_in(status, "supervision");
  if (tree.empty())
    drawing.add_line("the supervisor has not answered");
  else
    drawing.add_tree(tree);
  return std::move(drawing).take();
}

std::string redrawn(std::string_view lines, std::size_t rows) {
  std::string frame{"\033[H"};
  for (std::size_t row = 1; row < rows && !lines.empty(); ++row) {
    const auto line = lines.substr(0, lines.find('\n'));
    frame.append(line).append("\033[K\n");
    lines.remove_prefix(std::min(line.size() + 1, lines.size()));
  }
  return frame += "\033[J";
}

} // namespace millrace::node
