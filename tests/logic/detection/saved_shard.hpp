#pragma once

#include "logic/detection/random.hpp"
#include "logic/detection/shard_state.hpp"
#include "logic/detection/snapshot_reader.hpp"
#include "logic/detection/snapshot_writer.hpp"
#include "logic/detection/state_rows.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

/// A shard that is filled, saved to a log and restored from it.
namespace millrace::tests {

using Log = std::vector<logic::detection::StateRecord>;

inline constexpr logic::detection::StateShape some_shape{3, 32, 75'000, 150'000,
                                                         300'000};

/// What the log's store may make of it: only the last of each key.
inline Log compacted(const Log& log) {
  std::map<std::string, std::size_t> last;
  for (std::size_t index = 0; index != log.size(); ++index)
    last[log[index].key] = index;
  Log kept;
  for (std::size_t index = 0; index != log.size(); ++index)
    if (last[log[index].key] == index && !log[index].value.empty())
      kept.push_back(log[index]);
  return kept;
}

/// All rows with their places and times, as bytes.
template <class Row>
std::string bytes_of(const logic::detection::RecencyTable<Row>& table) {
  std::string bytes;
  table.visit_rows(0, table.sets(), [&](std::size_t place) {
    std::array<char, logic::detection::entry_bytes<Row>> entry;
    auto* to = logic::store_little_endian(entry.data(),
                                          static_cast<std::uint32_t>(place));
    to = logic::store_little_endian(to, table.seen(place));
    logic::detection::store_row(to, table.row(place));
    bytes.append(entry.data(), entry.size());
  });
  return bytes + std::to_string(table.touches());
}

inline std::string bytes_of(const logic::detection::ShardState& state) {
  auto bytes = bytes_of(state.users) + bytes_of(state.addresses);
  for (const auto& partition : state.applied.partitions()) {
    bytes += partition.topic() + ' ' + std::to_string(partition.id().value);
    for (const auto& range : partition.ranges())
      bytes += ' ' + std::to_string(range.first) + '-'
               + std::to_string(range.last);
  }
  return bytes;
}

/// The shard's state with users that log in at random.
class LivingShard {
public:
  explicit LivingShard(std::size_t max_users, std::uint64_t seed = 1)
    : state_(max_users, max_users / 4), random_(seed) {}

  logic::detection::ShardState& state() { return state_; }

  void log_in(std::uint64_t user) {
    const auto hash = (user + 1) * 0x9E3779B97F4A7C15U;
    auto& row = state_.users.touch(hash);
    row.last_seen_ms = ++time_ms_;
    row.logins = static_cast<std::uint16_t>(row.logins + 1);
    row.latitude = static_cast<float>(user % 90);
    row.devices[user % 4] = static_cast<std::uint16_t>(user);
    row.device_count = 4;
    row.slot_logins[user % 8] = 7;
    row.success_told = user % 2 == 0;
    if (user % 3 == 0)
      state_.addresses.touch(hash).failed_users[0].add(hash);
    state_.applied.at("user-login", logic::PartitionId{0})
      .add(logic::Offset{offset_}, logic::Offset{offset_});
    ++offset_;
  }

  void log_in(std::size_t times, std::uint64_t users) {
    for (std::size_t time = 0; time != times; ++time)
      log_in(random_.below(users));
  }

  std::int64_t time_ms() const { return time_ms_; }

private:
  logic::detection::ShardState state_;
  logic::detection::Random random_;
  std::int64_t time_ms_ = 1'750'000'000'000;
  std::int64_t offset_ = 1000;
};

inline void append(Log& log, logic::detection::Snapshot snapshot) {
  for (auto& record : snapshot.records)
    log.push_back(std::move(record));
}

/// Takes a snapshot that is saved.
inline void save(LivingShard& shard, logic::detection::SnapshotWriter& writer,
                 Log& log, bool last = false) {
  append(log, writer.take(shard.state(), shard.time_ms(), last));
  writer.saved();
}

struct RestoredShard {
  logic::detection::ShardState state;
  logic::detection::RestoreReport report;
  logic::detection::StateGeneration newest = 0;
  std::vector<std::string> keys;
};

inline RestoredShard
restored(const Log& log, std::size_t max_users,
         const logic::detection::StateShape& shape = some_shape) {
  RestoredShard result{{max_users, max_users / 4}, {}, 0, {}};
  logic::detection::SnapshotReader reader{shape};
  for (const auto& record : log)
    reader.take(record);
  result.keys = reader.take_keys();
  result.newest = reader.newest_generation();
  result.report = reader.restore(result.state);
  return result;
}

} // namespace millrace::tests
