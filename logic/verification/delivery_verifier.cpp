#include "logic/verification/delivery_verifier.hpp"

#include "logic/records/provenance.hpp"
#include "logic/records/replay_history.hpp"
#include "logic/verification/record_content.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <map>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

namespace millrace::logic::verification {

namespace {

/// What is known of one input offset, in one byte: whether there is a record,
/// whether it is a JSON object, and 0, 1 or 2 (for more) endings of each kind.
class Ending {
public:
  void set_input(bool is_object) noexcept {
    bits_ = static_cast<std::uint8_t>(bits_ | 1U | (is_object ? 2U : 0U));
  }
  bool has_input() const noexcept { return (bits_ & 1U) != 0; }
  bool is_object() const noexcept { return (bits_ & 2U) != 0; }
  bool ended() const noexcept { return (bits_ >> 2U) != 0; }
  bool was(Outlet outlet) const noexcept { return (bits_ & mask(outlet)) != 0; }
  void add(Outlet outlet) noexcept {
    bits_ = static_cast<std::uint8_t>(bits_ | mask(outlet));
  }

private:
  static unsigned mask(Outlet outlet) noexcept {
    return outlet == Outlet::output ? 4U : 8U;
  }
  std::uint8_t bits_ = 0;
};

/// The source offsets of one source partition that one partition of an
/// outlet shows.
struct Trace {
  OutletPartition at;
  std::int64_t lowest = 0;
  std::int64_t highest = 0;
};

/// One input partition. Three flat arrays, indexed by offset - begin.
struct Partition {
  InputRange range;
  PartitionTally tally;
  std::vector<std::uint32_t> byte_hashes;
  std::vector<std::uint32_t> content_hashes;
  std::vector<Ending> endings;
  std::vector<Trace> traces;
  std::int64_t ended_before = -1; ///< the last before the range; -1: none

  bool covers(Offset offset) const noexcept {
    return offset >= range.begin && offset < range.end;
  }
  std::size_t index(Offset offset) const noexcept {
    return static_cast<std::size_t>(offset.value - range.begin.value);
  }
  bool has_input(Offset offset) const noexcept {
    return index(offset) < endings.size() && endings[index(offset)].has_input();
  }
  void grow(std::size_t size) {
    if (endings.size() >= size)
      return;
    byte_hashes.resize(size);
    content_hashes.resize(size);
    endings.resize(size);
  }
  Trace& trace(Outlet outlet, PartitionId at) {
    for (auto& known : traces)
      if (known.at.outlet == outlet && known.at.partition == at)
        return known;
    return traces.emplace_back(
      Trace{{.outlet = outlet, .partition = at}, range.end.value, -1});
  }
  const Trace* find_trace(Outlet outlet, PartitionId at) const noexcept {
    for (const auto& known : traces)
      if (known.at.outlet == outlet && known.at.partition == at)
        return &known;
    return nullptr;
  }
};

/// A record found on an outlet.
struct Found {
  Outlet outlet = Outlet::output;
  PartitionId partition;
  const RecordView& record;

  std::string where() const {
    return std::string{outlet == Outlet::output ? "output" : "dead letter"}
           + " (partition " + std::to_string(partition.value) + ", offset "
           + std::to_string(record.offset.value) + ")";
  }
};

std::uint64_t PartitionTally::*counter(Fault fault) {
  static constexpr std::array<std::uint64_t PartitionTally::*, fault_count>
    counters{&PartitionTally::lost, &PartitionTally::doubled,
             &PartitionTally::swapped, &PartitionTally::corrupted,
             &PartitionTally::foreign};
  return counters[static_cast<std::size_t>(fault)];
}

} // namespace

struct DeliveryVerifier::State {
  explicit State(VerifierConfig given) : config(std::move(given)) {}

  void add_offender(Fault fault, PartitionTally& tally,
                    std::optional<Provenance> source, std::string detail);
  std::optional<Provenance>
  source_of(const RecordView& record,
            const std::optional<std::string_view>& member) const;
  void verify(const Found& found, const EventContent& content);
  void check_order(Partition& partition, const Found& found,
                   const Provenance& source, bool repeat);
  void check_content(Partition& partition, const Found& found,
                     const EventContent& content, const Provenance& source);
  void look_for_losses(Partition& partition);
  static void count_skipped(Partition& partition);
  bool may_have_expired(const Partition& partition, Offset offset) const;
  Conclusion conclude() const;

  VerifierConfig config;
  std::map<PartitionId, Partition> partitions;
  std::vector<OutletPartition> truncated;
  std::uint64_t offsets = 0;
  std::array<std::size_t, fault_count> kept{};
  VerificationReport report;
};

void DeliveryVerifier::State::add_offender(Fault fault, PartitionTally& tally,
                                           std::optional<Provenance> source,
                                           std::string detail) {
  ++(tally.*counter(fault));
  auto& count = kept[static_cast<std::size_t>(fault)];
  if (count == config.offender_limit)
    return;
  ++count;
  Offender offender;
  offender.fault = fault;
  if (source) {
    offender.partition = source->partition;
    offender.offset = source->offset;
  }
  offender.detail = std::move(detail);
  report.offenders.push_back(std::move(offender));
}

std::optional<Provenance> DeliveryVerifier::State::source_of(
  const RecordView& record,
  const std::optional<std::string_view>& member) const {
  // An input may bring a `source` member or source headers of its own, from
  // an earlier node: whichever names our topic is this node's word.
  const auto by_member = member ? parse_source_member(*member) : std::nullopt;
  if (by_member && by_member->topic == config.topic)
    return by_member;
  const auto by_header = read_provenance(record.headers);
  return by_header ? by_header : by_member;
}

void DeliveryVerifier::State::verify(const Found& found,
                                     const EventContent& content) {
  const auto source = source_of(found.record, content.source);
  if (!source) {
    add_offender(Fault::foreign, report.total, std::nullopt,
                 found.where() + " says nowhere which input it came from");
    return;
  }
  if (source->topic != config.topic) {
    ++report.other_topic;
    return;
  }
  const auto entry = partitions.find(source->partition);
  if (entry == partitions.end()) {
    add_offender(Fault::foreign, report.total, source,
                 found.where()
                   + " names a partition that the input does not have");
    return;
  }
  auto& partition = entry->second;
  if (source->offset < partition.range.high_watermark
      && !partition.covers(source->offset)) {
    ++report.outside_range;
    if (source->offset < partition.range.begin)
      partition.ended_before = std::max(partition.ended_before,
                                        source->offset.value);
    return;
  }
  if (!partition.covers(source->offset)
      || !partition.has_input(source->offset)) {
    add_offender(Fault::foreign, partition.tally, source,
                 found.where() + " names an offset that holds no input");
    return;
  }
  auto& tally = partition.tally;
  ++(found.outlet == Outlet::output ? tally.output : tally.dead);
  auto& ending = partition.endings[partition.index(source->offset)];
  check_order(partition, found, *source, ending.was(found.outlet));
  if (ending.ended())
    add_offender(Fault::doubled, tally, source,
                 found.where()
                   + (ending.was(found.outlet)
                        ? " is a repeat"
                        : " is a second, different ending"));
  ending.add(found.outlet);
  check_content(partition, found, content, *source);
}

void DeliveryVerifier::State::check_order(Partition& partition,
                                          const Found& found,
                                          const Provenance& source,
                                          bool repeat) {
  auto& trace = partition.trace(found.outlet, found.partition);
  trace.lowest = std::min(trace.lowest, source.offset.value);
  if (source.offset.value > trace.highest) {
    trace.highest = source.offset.value;
    return;
  }
  // A repeat is a double, not a swap; dead letters may be late, as retries
  // come before them.
  if (!repeat && found.outlet == Outlet::output)
    add_offender(Fault::swapped, partition.tally, source,
                 found.where() + " comes behind the one of source offset "
                   + std::to_string(trace.highest));
}

void DeliveryVerifier::State::check_content(Partition& partition,
                                            const Found& found,
                                            const EventContent& content,
                                            const Provenance& source) {
  const auto index = partition.index(source.offset);
  std::string_view fault;
  if (found.outlet == Outlet::dead_letters) {
    const auto expected = partition.byte_hashes[index];
    if (refers_to(found.record, expected))
      ++partition.tally.references;
    else if (!repeats(found.record, expected))
      fault = " does not hold the key and value of the input";
  } else if (!partition.endings[index].is_object()) {
    fault = " stands for an input that is no JSON object";
  } else if (!content.hash || !is_json(*found.record.value)) {
    fault = " is no JSON object";
  } else if (content.repeats_added) {
    fault = " has an added member twice";
  } else if (*content.hash != partition.content_hashes[index]) {
    fault = " does not hold the key and all members of the input";
  }
  if (!fault.empty())
    add_offender(Fault::corrupted, partition.tally, source,
                 found.where() + std::string{fault});
}

bool DeliveryVerifier::State::may_have_expired(const Partition& partition,
                                               Offset offset) const {
  const auto source = partition.range.partition;
  return std::any_of(
    truncated.begin(), truncated.end(), [&](const OutletPartition& outlet) {
      if (const auto* trace = partition.find_trace(outlet.outlet,
                                                   outlet.partition))
        return offset.value < trace->lowest;
      return config.partitioning == Partitioning::by_key
             || outlet.partition.value
                  == source.value % std::max(1, outlet.partition_count);
    });
}

void DeliveryVerifier::State::look_for_losses(Partition& partition) {
  for (std::size_t index = 0; index != partition.endings.size(); ++index) {
    const auto& ending = partition.endings[index];
    if (!ending.has_input() || ending.ended())
      continue;
    const Offset offset{partition.range.begin.value
                        + static_cast<std::int64_t>(index)};
    if (may_have_expired(partition, offset)) {
      ++partition.tally.unproven;
      continue;
    }
    add_offender(Fault::lost, partition.tally,
                 Provenance{config.topic, partition.range.partition, offset},
                 "neither an output nor a dead letter");
  }
}

void DeliveryVerifier::State::count_skipped(Partition& partition) {
  const auto& range = partition.range;
  if (range.cut_by_retention && partition.ended_before >= 0)
    partition.tally.skipped = static_cast<std::uint64_t>(
      range.begin.value - partition.ended_before - 1);
}

Conclusion DeliveryVerifier::State::conclude() const {
  const auto& total = report.total;
  const bool doubled = config.guarantee == Guarantee::exactly_once
                       && total.doubled != 0;
  if (total.lost != 0 || doubled || total.swapped != 0 || total.corrupted != 0
      || total.foreign != 0)
    return Conclusion::failed;
  return total.unproven != 0 || total.skipped != 0 ? Conclusion::incomplete
                                                   : Conclusion::passed;
}

DeliveryVerifier::DeliveryVerifier(VerifierConfig config)
  : state_(std::make_unique<State>(std::move(config))) {}

DeliveryVerifier::DeliveryVerifier(DeliveryVerifier&&) noexcept = default;
DeliveryVerifier&
DeliveryVerifier::operator=(DeliveryVerifier&&) noexcept = default;
DeliveryVerifier::~DeliveryVerifier() = default;

Result<void> DeliveryVerifier::add_range(const InputRange& range) {
  const auto name = "partition " + std::to_string(range.partition.value);
  if (range.begin.value < 0 || range.end < range.begin
      || range.high_watermark < range.end)
    return Error{ErrorCode::invalid_argument,
                 "the range of " + name + " must rise from 0 or more"};
  const auto size = static_cast<std::uint64_t>(range.end.value
                                               - range.begin.value);
  if (size > state_->config.offset_limit - state_->offsets)
    return Error{ErrorCode::invalid_argument,
                 "more than " + std::to_string(state_->config.offset_limit)
                   + " input offsets do not fit in memory: judge a smaller "
                     "range"};
  const auto [entry, added] = state_->partitions.try_emplace(range.partition);
  if (!added)
    return Error{ErrorCode::invalid_argument, name + " is given twice"};
  state_->offsets += size;
  auto& partition = entry->second;
  partition.range = range;
  partition.tally.partition = range.partition;
  partition.tally.begin = range.begin;
  partition.tally.end = range.end;
  partition.byte_hashes.reserve(size);
  partition.content_hashes.reserve(size);
  partition.endings.reserve(size);
  return {};
}

void DeliveryVerifier::outlet(const OutletPartition& partition) {
  if (partition.truncated)
    state_->truncated.push_back(partition);
}

void DeliveryVerifier::input(PartitionId partition, const RecordView& record) {
  const auto entry = state_->partitions.find(partition);
  if (entry == state_->partitions.end() || !entry->second.covers(record.offset))
    return;
  auto& verified = entry->second;
  const auto index = verified.index(record.offset);
  verified.grow(index + 1);
  const auto content = read_content(record, state_->config.added_members);
  verified.byte_hashes[index] = hash_bytes(record);
  verified.content_hashes[index] = content.hash.value_or(0);
  if (!verified.endings[index].has_input()) {
    ++verified.tally.input;
    verified.tally.replayed += read_replay_history(record.headers) ? 1 : 0;
  }
  verified.endings[index].set_input(content.hash.has_value());
}

void DeliveryVerifier::output(PartitionId partition, const RecordView& record) {
  state_->verify({Outlet::output, partition, record},
                 read_content(record, state_->config.added_members));
}

void DeliveryVerifier::dead_letter(PartitionId partition,
                                   const RecordView& record) {
  // Its value is whatever the input was: only its headers say whence.
  state_->verify({Outlet::dead_letters, partition, record}, {});
}

VerificationReport DeliveryVerifier::finish() {
  auto& report = state_->report;
  for (auto& [id, partition] : state_->partitions) {
    state_->look_for_losses(partition);
    State::count_skipped(partition);
    const auto& tally = partition.tally;
    report.partitions.push_back(tally);
    add_counts(report.total, tally);
  }
  report.conclusion = state_->conclude();
  std::stable_sort(report.offenders.begin(), report.offenders.end(),
                   [](const Offender& a, const Offender& b) {
                     return std::tie(a.fault, a.partition, a.offset)
                            < std::tie(b.fault, b.partition, b.offset);
                   });
  return std::move(report);
}

} // namespace millrace::logic::verification
