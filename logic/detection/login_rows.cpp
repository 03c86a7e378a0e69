#include "logic/detection/login_rows.hpp"

#include <algorithm>
#include <string_view>

// Inlined, so that no library of this name is needed at run time.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace millrace::logic::detection {

namespace {

/// A record that claims to be older than this by its event is not stamped with
/// the time of writing, but with seconds, say, or a constant.
constexpr std::int64_t believed_lead_ms = 7LL * 24 * 3600 * 1000;

std::uint16_t hash_of(std::string_view word) noexcept {
  return static_cast<std::uint16_t>(XXH3_64bits(word.data(), word.size()));
}

/// When a login happened, as far as its record bears it out. No login happens
/// after its record was written: what is dated ahead, by a clock that is wrong
/// or by somebody who wants the windows to be empty now, counts as of then.
std::int64_t happened_ms(const EnrichedBatch& batch,
                         const LoginEvent& event) noexcept {
  const auto written_ms = (*batch.validated->raw)[event.record].timestamp_ms;
  const bool ahead = written_ms >= 0 && event.event_time_ms > written_ms
                     && event.event_time_ms - written_ms <= believed_lead_ms;
  return ahead ? written_ms : event.event_time_ms;
}

Login login_of(const LoginEvent& event, const Origin& origin,
               std::int64_t time_ms) noexcept {
  Login login;
  login.time_ms = time_ms;
  login.status = event.status;
  if (origin.place) {
    login.located = origin.place->has_coordinates;
    login.latitude = static_cast<float>(origin.place->latitude);
    login.longitude = static_cast<float>(origin.place->longitude);
    login.country = pack_country(origin.place->country);
  }
  login.quiet = origin.quiet;
  login.address = static_cast<std::uint16_t>(origin.address_hash >> 16);
  if (!event.device_id.empty())
    login.device = std::max<std::uint16_t>(1U, hash_of(event.device_id));
  return login;
}

/// A country where there is one, else the kind of address; apart.
std::uint16_t whence(const Origin& origin, std::uint16_t country) noexcept {
  return static_cast<std::uint16_t>(
    country != 0 ? std::uint64_t{country} * 0x9E3779B97F4A7C15U >> 40
                 : static_cast<std::uint64_t>(origin.address_class));
}

/// From how many there are of each to where each begins, and the end.
std::vector<std::uint32_t> begins_of(std::vector<std::uint32_t>& counts) {
  std::vector<std::uint32_t> begins(counts.size() + 1);
  for (std::size_t shard = 0; shard != counts.size(); ++shard) {
    begins[shard + 1] = begins[shard] + counts[shard];
    counts[shard] = begins[shard];
  }
  return begins;
}

} // namespace

std::size_t part_bytes(const LoginRows& rows, const ShardSet& shards) {
  std::size_t bytes = 0;
  for (std::uint32_t shard = 0; shard != rows.shard_count; ++shard)
    if (shards.test(shard))
      bytes += rows.users_of(shard).size_bytes()
               + rows.addresses_of(shard).size_bytes();
  return bytes;
}

LoginRowBuilder::LoginRowBuilder(const DetectionConfig& config)
  : shard_count_(static_cast<std::uint32_t>(config.shards)),
    addresses_(std::ranges::find(config.rules, to_string(Rule::password_spray))
               != config.rules.end()),
    placeholders_(config.placeholder_users) {}

LoginRowsPtr LoginRowBuilder::rows_of(const EnrichedBatch& batch) {
  auto rows = std::make_shared<LoginRows>();
  const auto& raw = *batch.validated->raw;
  if (!raw.empty()) {
    rows->topic = raw.topic();
    rows->partition = raw.partition();
    rows->first = raw.first_offset();
    rows->last = raw.last_offset();
  }
  rows->shard_count = shard_count_;
  add_users(batch, *rows);
  add_addresses(batch, *rows);
  return rows;
}

void LoginRowBuilder::add_users(const EnrichedBatch& batch, LoginRows& rows) {
  const auto& origins = batch.origins;
  next_.assign(shard_count_, 0);
  for (const auto& origin : origins)
    ++next_[shard_of(origin.user_hash, shard_count_)];
  rows.user_begins = begins_of(next_);
  rows.users.resize(origins.size());
  for (std::size_t index = 0; index != origins.size(); ++index) {
    const auto& event = batch.validated->events[index];
    const auto& origin = origins[index];
    auto& row = rows.users[next_[shard_of(origin.user_hash, shard_count_)]++];
    row = row_of(event, origin, happened_ms(batch, event));
    row.event = static_cast<std::uint32_t>(index);
    row.offset = (*batch.validated->raw)[event.record].offset;
  }
}

LoginRow LoginRowBuilder::row_of(const LoginEvent& event, const Origin& origin,
                                 std::int64_t time_ms) const {
  LoginRow row;
  row.login = login_of(event, origin, time_ms);
  row.user_hash = origin.user_hash;
  row.words = {hash_of(event.app_version), hash_of(event.device_type),
               hash_of(event.locale), whence(origin, row.login.country)};
  row.placeholder = event.user_id.empty()
                    || placeholders_.contains(event.user_id);
  return row;
}

void LoginRowBuilder::add_addresses(const EnrichedBatch& batch,
                                    LoginRows& rows) {
  const auto& origins = batch.origins;
  next_.assign(shard_count_, 0);
  if (addresses_)
    for (const auto& origin : origins)
      if (origin.address_hash != 0)
        ++next_[shard_of(origin.address_hash, shard_count_)];
  rows.address_begins = begins_of(next_);
  rows.addresses.resize(rows.address_begins.back());
  if (rows.addresses.empty())
    return;
  for (std::size_t index = 0; index != origins.size(); ++index) {
    const auto& origin = origins[index];
    if (origin.address_hash == 0)
      continue;
    const auto& event = batch.validated->events[index];
    auto& row
      = rows.addresses[next_[shard_of(origin.address_hash, shard_count_)]++];
    row.login = {happened_ms(batch, event), origin.user_hash, event.status};
    row.address_hash = origin.address_hash;
    row.offset = (*batch.validated->raw)[event.record].offset;
    row.event = static_cast<std::uint32_t>(index);
  }
}

} // namespace millrace::logic::detection
