#pragma once

#include "logic/core/ids.hpp"
#include "logic/detection/address_rules.hpp"
#include "logic/detection/placeholder_users.hpp"
#include "logic/detection/user_rules.hpp"
#include "logic/records/enriched_batch.hpp"

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace millrace::logic::detection {

/// The most shards that `detection.shards` can ask for.
inline constexpr std::uint32_t max_shards = 256;

using ShardSet = std::bitset<max_shards>;

/// What the rules and the forest need to know of one login, and no more: 64
/// bytes, so that asking another node costs little.
struct LoginRow {
  Login login;
  std::uint64_t user_hash = 0;
  Offset offset; ///< of its record
  std::uint32_t event = 0; ///< index into the asker's `ValidatedBatch::events`
  /// Hashes of what may be common or rare: app version, device type, locale,
  /// and country or address class.
  std::array<std::uint16_t, 4> words{};
  /// The user id stands for nobody in particular.
  bool placeholder = false;
};

static_assert(sizeof(LoginRow) == 64);

/// What the rules about addresses need to know of one login.
struct AddressRow {
  AddressLogin login;
  std::uint64_t address_hash = 0;
  Offset offset; ///< of its record
  std::uint32_t event = 0; ///< index into the asker's `ValidatedBatch::events`
};

/// The logins of a batch, by the shard of their users, and once more by the
/// shard of their addresses; within a shard in the order of the batch.
/// Immutable once published.
struct LoginRows {
  std::string topic;
  PartitionId partition;
  Offset first; ///< of the batch
  Offset last; ///< of the batch, inclusive
  std::uint32_t shard_count = 1;
  std::vector<LoginRow> users;
  std::vector<AddressRow> addresses;
  /// Where the rows of a shard begin; one more than there are shards.
  std::vector<std::uint32_t> user_begins;
  std::vector<std::uint32_t> address_begins;

  std::span<const LoginRow> users_of(std::uint32_t shard) const {
    return std::span{users}.subspan(user_begins[shard], user_begins[shard + 1]
                                                          - user_begins[shard]);
  }
  std::span<const AddressRow> addresses_of(std::uint32_t shard) const {
    return std::span{addresses}.subspan(
      address_begins[shard], address_begins[shard + 1] - address_begins[shard]);
  }
  bool empty(std::uint32_t shard) const {
    return users_of(shard).empty() && addresses_of(shard).empty();
  }
};

/// What the rows of those shards occupy.
std::size_t part_bytes(const LoginRows& rows, const ShardSet& shards);

/// Calls `visit(shard)` for each of those shards that has rows.
template <class Visit>
void for_each_shard(const LoginRows& rows, const ShardSet& shards,
                    Visit&& visit) {
  for (std::uint32_t shard = 0; shard != rows.shard_count; ++shard)
    if (shards.test(shard) && !rows.empty(shard))
      visit(shard);
}

using LoginRowsPtr = std::shared_ptr<const LoginRows>;

/// Brings the logins of enriched batches into rows. Keeps scratch memory
/// between calls; not thread-safe.
class LoginRowBuilder {
public:
  explicit LoginRowBuilder(const DetectionConfig& config);

  LoginRowsPtr rows_of(const EnrichedBatch& batch);

private:
  LoginRow row_of(const LoginEvent& event, const Origin& origin,
                  std::int64_t time_ms) const;
  void add_users(const EnrichedBatch& batch, LoginRows& rows);
  void add_addresses(const EnrichedBatch& batch, LoginRows& rows);

  std::uint32_t shard_count_;
  bool addresses_; ///< a rule asks about them
  PlaceholderUsers placeholders_;
  std::vector<std::uint32_t> next_; ///< by shard: where its next row goes
};

} // namespace millrace::logic::detection
