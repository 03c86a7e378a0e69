#include "node/verification/delivery_check.hpp"

#include "adapters/kafka/topic_reader.hpp"
#include "logic/verification/verification_report_text.hpp"

#include <algorithm>
#include <utility>

namespace millrace::node {

namespace {

using adapters::kafka::KafkaConfig;
using adapters::kafka::PartitionExtent;
using adapters::kafka::TopicExtent;
using adapters::kafka::TopicReader;
using logic::Error;
using logic::ErrorCode;
using logic::Offset;
using logic::PartitionId;
using logic::RecordView;
using logic::Result;
using namespace logic::verification;

/// One run over the three topics.
class Hearing {
public:
  Hearing(const KafkaConfig& kafka, const DeliveryCheckOptions& options,
          TopicReader& reader)
    : kafka_(kafka), options_(options), reader_(reader),
      judge_(judge_config(kafka, options)) {}

  Result<DeliveryCheck> run() {
    if (auto prepared = prepare(); !prepared)
      return prepared.error();
    if (auto read = read_all(); !read)
      return read.error();
    DeliveryCheck check;
    check.report = judge_.finish();
    if (cut_ && check.report.conclusion == Conclusion::passed)
      check.report.conclusion = Conclusion::incomplete;
    if (check.report.total.input == 0)
      warn("no input was judged: the range is empty");
    check.warnings = std::move(warnings_);
    return check;
  }

private:
  static VerifierConfig judge_config(const KafkaConfig& kafka,
                                     const DeliveryCheckOptions& options) {
    VerifierConfig config;
    config.topic = kafka.input_topic;
    config.guarantee = options.guarantee;
    config.partitioning = kafka.partitioning == "key" ? Partitioning::by_key
                                                      : Partitioning::modulo;
    config.offender_limit = options.offender_limit;
    config.added_members = logic::OutputMembers{options.member_prefix};
    return config;
  }

  void warn(std::string text) { warnings_.push_back(std::move(text)); }

  /// Takes note of where all partitions begin and end. The input comes first
  /// and last: what is written meanwhile is neither lost nor foreign.
  Result<void> prepare() {
    auto input = reader_.extent(kafka_.input_topic, options_.patience);
    if (!input)
      return input.error();
    auto output = reader_.extent(kafka_.output_topic, options_.patience);
    if (!output)
      return output.error();
    auto dead = reader_.extent(kafka_.dlq_topic, options_.patience);
    if (!dead)
      return dead.error();
    auto later = reader_.extent(kafka_.input_topic, options_.patience);
    if (!later)
      return later.error();
    input_ = std::move(*input);
    output_ = std::move(*output);
    dead_ = std::move(*dead);
    add_outlet(Outlet::output, kafka_.output_topic, output_);
    add_outlet(Outlet::dead_letters, kafka_.dlq_topic, dead_);
    return add_ranges(*later);
  }

  Result<void> add_ranges(const TopicExtent& later) {
    for (auto& extent : input_) {
      Offset high = extent.high;
      for (const auto& other : later)
        if (other.partition == extent.partition)
          high = std::max(high, other.high);
      const bool cut_by_retention = !options_.from && extent.low.value > 0;
      cut_to_range(extent);
      auto added = judge_.add_range(
        {extent.partition, extent.low, extent.high, high, cut_by_retention});
      if (!added)
        return added.error();
    }
    return {};
  }

  /// Leaves of an input partition what is to be judged.
  void cut_to_range(PartitionExtent& extent) {
    const Offset begin{options_.from.value_or(extent.low.value)};
    const Offset end{options_.to.value_or(extent.high.value)};
    const auto name = "input partition "
                      + std::to_string(extent.partition.value);
    if (begin < extent.low) {
      cut_ = true;
      warn(name + " begins at offset " + std::to_string(extent.low.value)
           + ": what was before has expired and cannot be judged");
    } else if (!options_.from && extent.low.value > 0)
      warn(name + " is judged from offset " + std::to_string(extent.low.value)
           + " on, the first that is retained");
    if (end > extent.high)
      warn(name + " ends at offset " + std::to_string(extent.high.value)
           + ", before the end of the range");
    extent.low = std::clamp(begin, extent.low, extent.high);
    extent.high = std::clamp(end, extent.low, extent.high);
  }

  void add_outlet(Outlet outlet, const std::string& topic,
                  const TopicExtent& extents) {
    for (const auto& extent : extents) {
      const bool truncated = extent.low.value > 0;
      judge_.outlet(
        {.outlet = outlet,
         .partition = extent.partition,
         .partition_count = static_cast<std::int32_t>(extents.size()),
         .truncated = truncated});
      if (truncated)
        warn("topic " + topic + ", partition "
             + std::to_string(extent.partition.value) + " begins at offset "
             + std::to_string(extent.low.value)
             + ": inputs without an ending that may have stood before it are "
               "counted as unproven");
    }
  }

  Result<void> read_all() {
    auto input = reader_.read(
      kafka_.input_topic, input_,
      [this](PartitionId partition, const RecordView& record) {
        judge_.input(partition, record);
        return true;
      },
      options_.patience);
    if (!input)
      return input.error();
    auto output = reader_.read(
      kafka_.output_topic, output_,
      [this](PartitionId partition, const RecordView& record) {
        judge_.output(partition, record);
        return true;
      },
      options_.patience);
    if (!output)
      return output.error();
    auto dead = reader_.read(
      kafka_.dlq_topic, dead_,
      [this](PartitionId partition, const RecordView& record) {
        judge_.dead_letter(partition, record);
        return true;
      },
      options_.patience);
    if (!dead)
      return dead.error();
    return {};
  }

  const KafkaConfig& kafka_;
  const DeliveryCheckOptions& options_;
  TopicReader& reader_;
  DeliveryVerifier judge_;
  TopicExtent input_;
  TopicExtent output_;
  TopicExtent dead_;
  std::vector<std::string> warnings_;
  bool cut_ = false; ///< the range that was asked for is not all there
};

ExitCode exit_code_of(const Error& error) {
  return error.code == ErrorCode::invalid_argument ? ExitCode::usage
                                                   : ExitCode::unavailable;
}

} // namespace

Result<DeliveryCheck> check_delivery(const KafkaConfig& kafka,
                                     const DeliveryCheckOptions& options) {
  if (options.from && options.to && *options.from > *options.to)
    return Error{ErrorCode::invalid_argument,
                 "the range ends before it begins"};
  auto reader = TopicReader::open(kafka);
  if (!reader)
    return reader.error();
  return Hearing{kafka, options, **reader}.run();
}

ExitCode report_delivery(const KafkaConfig& kafka,
                         const DeliveryCheckOptions& options, std::ostream& out,
                         std::ostream& complaints) {
  const auto check = check_delivery(kafka, options);
  if (!check) {
    complaints << "error: cannot verify: " << check.error().text << '\n';
    return exit_code_of(check.error());
  }
  for (const auto& warning : check->warnings)
    complaints << "warning: " << warning << '\n';
  const auto& report = check->report;
  if (options.json)
    out << to_json(report) << std::endl;
  else
    out << to_text(report) << std::flush;
  bool accepted = report.conclusion == Conclusion::passed
                  || (report.conclusion == Conclusion::incomplete
                      && options.allow_truncated);
  if (options.expect_dead && *options.expect_dead != report.total.dead) {
    complaints << "error: " << *options.expect_dead
               << " dead letters were expected, " << report.total.dead
               << " were found\n";
    accepted = false;
  }
  return accepted ? ExitCode::success : ExitCode::verdict_failed;
}

} // namespace millrace::node
