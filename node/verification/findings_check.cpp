#include "node/verification/findings_check.hpp"

#include "adapters/kafka/topic_reader.hpp"
#include "logic/verification/findings_judge.hpp"

namespace millrace::node {

namespace {

/// Calls `take(record)` for all that is in the topic now.
template <class Take>
logic::Result<void> read_all(adapters::kafka::TopicReader& reader,
                             const std::string& topic,
                             std::chrono::milliseconds patience, Take take) {
  const auto extent = reader.extent(topic, patience);
  if (!extent)
    return extent.error();
  const auto read = reader.read(
    topic, *extent,
    [&](logic::PartitionId, const logic::RecordView& record) {
      take(record);
      return true;
    },
    patience);
  if (!read)
    return read.error();
  return {};
}

} // namespace

ExitCode report_findings(const adapters::kafka::KafkaConfig& kafka,
                         const FindingsCheckOptions& options, std::ostream& out,
                         std::ostream& complaints) {
  logic::verification::FindingsJudge judge{options.member_prefix};
  const auto read = [&]() -> logic::Result<void> {
    auto reader = adapters::kafka::TopicReader::open(kafka);
    if (!reader)
      return reader.error();
    auto first = read_all(**reader, options.topic, options.patience,
                          [&](const auto& record) { judge.expected(record); });
    if (!first)
      return first;
    return read_all(**reader, kafka.output_topic, options.patience,
                    [&](const auto& record) { judge.found(record); });
  }();
  if (!read) {
    complaints << "error: cannot compare: " << read.error().text << '\n';
    return ExitCode::unavailable;
  }
  const auto report = judge.report();
  const bool agrees = report.agrees(options.share);
  out << to_text(report) << (agrees ? "they agree\n" : "they differ\n")
      << std::flush;
  return agrees ? ExitCode::success : ExitCode::verdict_failed;
}

} // namespace millrace::node
