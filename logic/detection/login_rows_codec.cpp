#include "logic/detection/login_rows_codec.hpp"

#include "logic/core/little_endian.hpp"

#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace millrace::logic::detection {

namespace {

constexpr std::size_t max_topic_bytes = 249; // Kafka's own limit
/// Behind any time that a validator lets through.
constexpr std::int64_t max_time_ms = 253'402'300'800'000; // the year 10000

// Flags of a row; its status stands in the upper half of the byte.
constexpr unsigned located_flag = 1;
constexpr unsigned quiet_flag = 2;
constexpr unsigned placeholder_flag = 4;

Error refused(std::string_view why) {
  return {ErrorCode::malformed,
          "the question of another node: " + std::string{why}};
}

void write_row(std::string& to, const LoginRow& row, Offset first) {
  const auto& login = row.login;
  append_little_endian(to, row.user_hash);
  append_little_endian(to, login.time_ms);
  append_little_endian(
    to, static_cast<std::uint32_t>(row.offset.value - first.value));
  append_little_endian(to, login.latitude);
  append_little_endian(to, login.longitude);
  append_little_endian(to, login.country);
  append_little_endian(to, login.device);
  append_little_endian(to, login.address);
  for (const auto word : row.words)
    append_little_endian(to, word);
  append_little_endian(
    to, static_cast<std::uint8_t>(static_cast<unsigned>(login.status) << 4U
                                  | (login.located ? located_flag : 0U)
                                  | (login.quiet ? quiet_flag : 0U)
                                  | (row.placeholder ? placeholder_flag : 0U)));
}

LoginRow read_row(ByteReader& from, Offset first) {
  LoginRow row;
  auto& login = row.login;
  row.user_hash = from.take<std::uint64_t>();
  login.time_ms = from.take<std::int64_t>();
  row.offset = Offset{first.value + from.take<std::uint32_t>()};
  login.latitude = from.take<float>();
  login.longitude = from.take<float>();
  login.country = from.take<std::uint16_t>();
  login.device = from.take<std::uint16_t>();
  login.address = from.take<std::uint16_t>();
  for (auto& word : row.words)
    word = from.take<std::uint16_t>();
  const auto flags = from.take<std::uint8_t>();
  login.status = static_cast<LoginStatus>(flags >> 4U);
  login.located = (flags & located_flag) != 0;
  login.quiet = (flags & quiet_flag) != 0;
  row.placeholder = (flags & placeholder_flag) != 0;
  return row;
}

bool is_status(LoginStatus status) noexcept {
  return status == LoginStatus::unknown || status == LoginStatus::success
         || status == LoginStatus::failure;
}

bool is_time(std::int64_t time_ms) noexcept {
  return time_ms >= -1 && time_ms < max_time_ms;
}

bool is_possible(const Login& login) noexcept {
  return is_time(login.time_ms) && is_status(login.status)
         && std::abs(login.latitude) <= 90.0F
         && std::abs(login.longitude) <= 180.0F;
}

void write_row(std::string& to, const AddressRow& row, Offset first) {
  append_little_endian(to, row.address_hash);
  append_little_endian(to, row.login.user_hash);
  append_little_endian(to, row.login.time_ms);
  append_little_endian(
    to, static_cast<std::uint32_t>(row.offset.value - first.value));
  append_little_endian(to, static_cast<std::uint8_t>(row.login.status));
}

AddressRow read_address_row(ByteReader& from, Offset first) {
  AddressRow row;
  row.address_hash = from.take<std::uint64_t>();
  row.login.user_hash = from.take<std::uint64_t>();
  row.login.time_ms = from.take<std::int64_t>();
  row.offset = Offset{first.value + from.take<std::uint32_t>()};
  row.login.status = static_cast<LoginStatus>(from.take<std::uint8_t>());
  return row;
}

struct Run {
  std::uint32_t shard = 0;
  std::uint32_t users = 0;
  std::uint32_t addresses = 0;
};

/// Rising shards, whose rows are just the bytes that are left.
std::optional<std::vector<Run>> read_runs(ByteReader& from,
                                          std::uint32_t shard_count) {
  constexpr std::size_t run_bytes = 10;
  const auto count = from.take<std::uint16_t>();
  if (count > shard_count || count * run_bytes > from.left())
    return std::nullopt;
  std::vector<Run> runs(count);
  std::uint64_t bytes = 0;
  std::int64_t last = -1;
  for (auto& run : runs) {
    run.shard = from.take<std::uint16_t>();
    run.users = from.take<std::uint32_t>();
    run.addresses = from.take<std::uint32_t>();
    if (run.shard >= shard_count || std::int64_t{run.shard} <= last)
      return std::nullopt;
    last = run.shard;
    bytes += std::uint64_t{run.users} * user_row_bytes
             + std::uint64_t{run.addresses} * address_row_bytes;
  }
  if (from.ran_short() || bytes != from.left())
    return std::nullopt;
  return runs;
}

/// False where a row is impossible.
bool read_run(ByteReader& from, const Run& run, LoginRows& rows) {
  for (std::uint32_t index = 0; index != run.users; ++index) {
    auto row = read_row(from, rows.first);
    if (shard_of(row.user_hash, rows.shard_count) != run.shard
        || !is_possible(row.login) || row.offset > rows.last)
      return false;
    row.event = static_cast<std::uint32_t>(rows.users.size());
    rows.users.push_back(row);
  }
  for (std::uint32_t index = 0; index != run.addresses; ++index) {
    auto row = read_address_row(from, rows.first);
    if (shard_of(row.address_hash, rows.shard_count) != run.shard
        || !is_time(row.login.time_ms) || !is_status(row.login.status)
        || row.offset > rows.last)
      return false;
    row.event = static_cast<std::uint32_t>(rows.addresses.size());
    rows.addresses.push_back(row);
  }
  return true;
}

} // namespace

std::size_t encoded_bytes(const LoginRows& rows,
                          const ShardSet& shards) noexcept {
  std::size_t bytes = 512;
  for_each_shard(rows, shards, [&](std::uint32_t shard) {
    bytes += 10 + rows.users_of(shard).size() * user_row_bytes
             + rows.addresses_of(shard).size() * address_row_bytes;
  });
  return bytes;
}

std::string encode_rows(const LoginRows& rows, const ShardSet& shards) {
  std::string to;
  to.reserve(encoded_bytes(rows, shards));
  append_text(to, rows.topic);
  append_little_endian(to, rows.partition.value);
  append_little_endian(to, rows.first.value);
  append_little_endian(to, rows.last.value);
  append_little_endian(to, static_cast<std::uint16_t>(rows.shard_count));
  std::uint16_t count = 0;
  for_each_shard(rows, shards, [&](std::uint32_t) { ++count; });
  append_little_endian(to, count);
  for_each_shard(rows, shards, [&](std::uint32_t shard) {
    append_little_endian(to, static_cast<std::uint16_t>(shard));
    append_little_endian(
      to, static_cast<std::uint32_t>(rows.users_of(shard).size()));
    append_little_endian(
      to, static_cast<std::uint32_t>(rows.addresses_of(shard).size()));
  });
  for_each_shard(rows, shards, [&](std::uint32_t shard) {
    for (const auto& row : rows.users_of(shard))
      write_row(to, row, rows.first);
    for (const auto& row : rows.addresses_of(shard))
      write_row(to, row, rows.first);
  });
  return to;
}

Result<LoginRows> decode_rows(std::string_view bytes,
                              std::uint32_t shard_count) {
  ByteReader from{bytes};
  LoginRows rows;
  rows.topic = from.take_text(max_topic_bytes);
  rows.partition = PartitionId{from.take<std::int32_t>()};
  rows.first = Offset{from.take<std::int64_t>()};
  rows.last = Offset{from.take<std::int64_t>()};
  rows.shard_count = from.take<std::uint16_t>();
  if (from.ran_short() || rows.shard_count != shard_count)
    return refused("it is for another number of shards");
  if (rows.partition.value < 0 || rows.first.value < 0 || rows.last < rows.first
      || rows.last.value > std::numeric_limits<std::int64_t>::max() / 2)
    return refused("no batch has such offsets");
  const auto runs = read_runs(from, shard_count);
  if (!runs)
    return refused("its length is not that of its rows");
  rows.user_begins.assign(shard_count + 1, 0);
  rows.address_begins.assign(shard_count + 1, 0);
  auto next = runs->begin();
  for (std::uint32_t shard = 0; shard != shard_count; ++shard) {
    if (next != runs->end() && next->shard == shard)
      if (!read_run(from, *next++, rows))
        return refused("a row is of another shard or of no login");
    rows.user_begins[shard + 1] = static_cast<std::uint32_t>(rows.users.size());
    rows.address_begins[shard + 1] = static_cast<std::uint32_t>(
      rows.addresses.size());
  }
  return rows;
}

} // namespace millrace::logic::detection
