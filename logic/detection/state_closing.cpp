#include "logic/detection/state_closing.hpp"

#include "logic/core/little_endian.hpp"
#include "logic/detection/state_rows.hpp"

#include <algorithm>

namespace millrace::logic::detection {

namespace {

constexpr std::size_t range_bytes = 16;
/// Number of the topic, partition, number of ranges.
constexpr std::size_t partition_bytes = 2 + 4 + 4;
constexpr std::size_t max_topic_bytes = 249; // Kafka's limit

void append(std::string& out, const TableContent& content) {
  append_little_endian(out, content.capacity);
  append_little_endian(out, content.touches);
  for (const auto checksum : content.pages)
    append_little_endian(out, checksum);
  for (const auto& changes : content.changes) {
    append_little_endian(out, changes.snapshot);
    append_little_endian(out, changes.records);
    append_little_endian(out, changes.checksum);
  }
}

/// The number of pages follows from the capacity, and is bounded by the bytes
/// that are there.
template <class Row>
bool read(ByteReader& reader, TableContent& content) {
  content.capacity = reader.take<std::uint32_t>();
  content.touches = reader.take<std::uint32_t>();
  const auto pages = pages_of<Row>(content.capacity);
  if (pages > reader.left() / sizeof(std::uint64_t))
    return false;
  content.pages.resize(pages);
  for (auto& checksum : content.pages)
    checksum = reader.take<std::uint64_t>();
  for (auto& changes : content.changes) {
    changes.snapshot = reader.take<std::uint64_t>();
    changes.records = reader.take<std::uint32_t>();
    changes.checksum = reader.take<std::uint64_t>();
  }
  return !reader.ran_short();
}

/// How many ranges of each partition are saved.
std::size_t ranges_saved(const AppliedOffsets& applied) noexcept {
  const auto partitions = std::max<std::size_t>(1, applied.partitions().size());
  return std::clamp<std::size_t>(max_range_bytes / (partitions * range_bytes),
                                 1, max_saved_ranges);
}

/// Each once.
std::vector<std::string_view> topics_of(const AppliedOffsets& applied) {
  std::vector<std::string_view> topics;
  for (const auto& partition : applied.partitions())
    topics.push_back(partition.topic());
  std::sort(topics.begin(), topics.end());
  topics.erase(std::unique(topics.begin(), topics.end()), topics.end());
  return topics;
}

void append(std::string& out, const AppliedOffsets::Partition& partition,
            std::size_t saved) {
  const auto& ranges = partition.ranges();
  const auto left_out = ranges.size() - std::min(ranges.size(), saved);
  append_little_endian(out, partition.id().value);
  append_little_endian(out,
                       static_cast<std::uint32_t>(ranges.size() - left_out));
  for (auto index = left_out; index != ranges.size(); ++index) {
    append_little_endian(out, index == left_out ? ranges.front().first
                                                : ranges[index].first);
    append_little_endian(out, ranges[index].last);
  }
}

void append(std::string& out, const AppliedOffsets& applied) {
  const auto topics = topics_of(applied);
  append_little_endian(out, static_cast<std::uint16_t>(topics.size()));
  for (const auto topic : topics) {
    append_little_endian(out, static_cast<std::uint16_t>(topic.size()));
    out.append(topic);
  }
  const auto saved = ranges_saved(applied);
  append_little_endian(out,
                       static_cast<std::uint32_t>(applied.partitions().size()));
  for (const auto& partition : applied.partitions()) {
    const auto topic = std::lower_bound(topics.begin(), topics.end(),
                                        partition.topic());
    append_little_endian(out,
                         static_cast<std::uint16_t>(topic - topics.begin()));
    append(out, partition, saved);
  }
}

bool read(ByteReader& reader, std::string_view topic, AppliedOffsets& applied) {
  const auto id = reader.take<std::int32_t>();
  const auto ranges = reader.take<std::uint32_t>();
  if (reader.ran_short() || ranges > max_saved_ranges
      || ranges > reader.left() / range_bytes)
    return false;
  auto& partition = applied.at(topic, PartitionId{id});
  for (std::uint32_t range = 0; range != ranges; ++range) {
    const auto first = reader.take<std::int64_t>();
    const auto last = reader.take<std::int64_t>();
    if (first < 0 || last < first)
      return false;
    partition.add(Offset{first}, Offset{last});
  }
  return true;
}

bool read(ByteReader& reader, AppliedOffsets& applied) {
  std::vector<std::string_view> topics(reader.take<std::uint16_t>());
  for (auto& topic : topics) {
    const auto bytes = reader.take<std::uint16_t>();
    if (bytes > max_topic_bytes)
      return false;
    topic = reader.take_bytes(bytes);
  }
  const auto partitions = reader.take<std::uint32_t>();
  if (reader.ran_short() || partitions > reader.left() / partition_bytes)
    return false;
  for (std::uint32_t index = 0; index != partitions; ++index) {
    const auto topic = reader.take<std::uint16_t>();
    if (topic >= topics.size() || !read(reader, topics[topic], applied))
      return false;
  }
  return !reader.ran_short();
}

} // namespace

void append_closing(std::string& value, const StateClosing& closing) {
  append_little_endian(value, static_cast<std::uint8_t>(closing.last));
  append_little_endian(value, closing.saved_at_ms);
  append_little_endian(value, closing.newest_event_ms);
  append_little_endian(value, closing.records);
  append_little_endian(value, closing.slot_ms);
  append_little_endian(value, closing.failure_slot_ms);
  append_little_endian(value, closing.half_ms);
  append(value, closing.users);
  append(value, closing.addresses);
  append(value, closing.applied);
}

std::optional<StateClosing> read_closing(std::string_view body) {
  ByteReader reader{body};
  StateClosing closing;
  closing.last = reader.take<std::uint8_t>() != 0;
  closing.saved_at_ms = reader.take<std::int64_t>();
  closing.newest_event_ms = reader.take<std::int64_t>();
  closing.records = reader.take<std::uint32_t>();
  closing.slot_ms = reader.take<std::int64_t>();
  closing.failure_slot_ms = reader.take<std::int64_t>();
  closing.half_ms = reader.take<std::int64_t>();
  if (!read<UserState>(reader, closing.users)
      || !read<AddressState>(reader, closing.addresses)
      || !read(reader, closing.applied) || reader.left() != 0)
    return std::nullopt;
  return closing;
}

} // namespace millrace::logic::detection
