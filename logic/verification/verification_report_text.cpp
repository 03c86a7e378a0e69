#include "logic/verification/verification_report_text.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <string_view>

namespace millrace::logic::verification {

namespace {

struct Column {
  std::string_view name;
  std::uint64_t PartitionTally::*count;
};

constexpr std::array<Column, 10> columns{{
  {"input", &PartitionTally::input},
  {"output", &PartitionTally::output},
  {"dead", &PartitionTally::dead},
  {"lost", &PartitionTally::lost},
  {"doubled", &PartitionTally::doubled},
  {"swapped", &PartitionTally::swapped},
  {"corrupted", &PartitionTally::corrupted},
  {"foreign", &PartitionTally::foreign},
  {"unproven", &PartitionTally::unproven},
  {"skipped", &PartitionTally::skipped},
}};

constexpr std::size_t name_width = 9;
constexpr std::size_t range_width = 22;
constexpr std::size_t count_width = 11;

void append_right(std::string& line, std::string_view text, std::size_t width) {
  line.append(width - std::min(width, text.size() + 1) + 1, ' ').append(text);
}

std::string range_of(const PartitionTally& tally) {
  return std::to_string(tally.begin.value) + ".."
         + std::to_string(tally.end.value);
}

void append_line(std::string& text, std::string_view name,
                 std::string_view range, const PartitionTally& tally) {
  append_right(text, name, name_width);
  append_right(text, range, range_width);
  for (const auto& column : columns)
    append_right(text, std::to_string(tally.*column.count), count_width);
  text += '\n';
}

std::string place_of(const Offender& offender) {
  if (!offender.partition || !offender.offset)
    return "unknown source";
  return "partition " + std::to_string(offender.partition->value) + " offset "
         + std::to_string(offender.offset->value);
}

boost::json::object counts_of(const PartitionTally& tally) {
  boost::json::object counts;
  for (const auto& column : columns)
    counts[column.name] = tally.*column.count;
  counts["references"] = tally.references;
  counts["replayed"] = tally.replayed;
  return counts;
}

boost::json::object partition_of(const PartitionTally& tally) {
  boost::json::object partition;
  partition["partition"] = tally.partition.value;
  partition["begin"] = tally.begin.value;
  partition["end"] = tally.end.value;
  for (const auto& count : counts_of(tally))
    partition[count.key()] = count.value();
  return partition;
}

boost::json::object offender_of(const Offender& offender) {
  boost::json::object entry;
  entry["fault"] = to_string(offender.fault);
  if (offender.partition)
    entry["partition"] = offender.partition->value;
  if (offender.offset)
    entry["offset"] = offender.offset->value;
  entry["detail"] = offender.detail;
  return entry;
}

} // namespace

std::string to_table(const VerificationReport& report) {
  std::string text;
  append_right(text, "partition", name_width);
  append_right(text, "offsets", range_width);
  for (const auto& column : columns)
    append_right(text, column.name, count_width);
  text += '\n';
  for (const auto& tally : report.partitions)
    append_line(text, std::to_string(tally.partition.value), range_of(tally),
                tally);
  append_line(text, "total", "", report.total);
  if (report.total.references != 0)
    text += "dead letters without their value, known by its digest: "
            + std::to_string(report.total.references) + '\n';
  if (report.total.replayed != 0)
    text += "inputs replayed from the dead letters, each judged as one of its "
            "own: "
            + std::to_string(report.total.replayed) + '\n';
  if (report.other_topic != 0)
    text += "ignored, as they come from other topics: "
            + std::to_string(report.other_topic) + '\n';
  if (report.outside_range != 0)
    text += "ignored, as their inputs are outside the judged offsets: "
            + std::to_string(report.outside_range) + '\n';
  for (const auto& offender : report.offenders)
    text.append(to_string(offender.fault))
      .append(": ")
      .append(place_of(offender))
      .append(": ")
      .append(offender.detail)
      .append(1, '\n');
  return text;
}

std::string to_text(const VerificationReport& report) {
  return to_table(report)
    .append("verdict: ")
    .append(to_string(report.conclusion))
    .append(1, '\n');
}

std::string to_json(const VerificationReport& report) {
  boost::json::object json;
  json["verdict"] = to_string(report.conclusion);
  json["total"] = counts_of(report.total);
  json["other_topic"] = report.other_topic;
  json["outside_range"] = report.outside_range;
  boost::json::array partitions;
  for (const auto& tally : report.partitions)
    partitions.push_back(partition_of(tally));
  json["partitions"] = std::move(partitions);
  boost::json::array offenders;
  for (const auto& offender : report.offenders)
    offenders.push_back(offender_of(offender));
  json["offenders"] = std::move(offenders);
  return boost::json::serialize(json);
}

} // namespace millrace::logic::verification
