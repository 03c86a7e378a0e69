#include "logic/detection/state_codec.hpp"

#include "logic/core/little_endian.hpp"
#include "logic/detection/address_rules.hpp"
#include "logic/detection/user_rules.hpp"

// Inlined, so that no library of this name is needed at run time.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace millrace::logic::detection {

namespace {

constexpr std::size_t key_bytes = 1 + 8 + 4 + 4;
// These two stay where they are in every version.
constexpr std::size_t checksum_begin = 4;
constexpr std::size_t checked_begin = checksum_begin + 8;

std::uint64_t checksum_of(std::string_view key,
                          std::string_view value) noexcept {
  const auto checked = value.substr(checked_begin);
  return XXH3_64bits_withSeed(checked.data(), checked.size(),
                              XXH3_64bits(key.data(), key.size()));
}

} // namespace

StateShape shape_of(const DetectionConfig& config, std::uint32_t shard,
                    std::uint32_t shard_count) {
  const RuleLimits users{config};
  const AddressLimits addresses{config};
  return {shard, shard_count, users.slot_ms, users.failure_slot_ms,
          addresses.half_ms};
}

std::string encode_key(const StateKey& key) {
  std::string bytes;
  append_little_endian(bytes, static_cast<std::uint8_t>(key.kind));
  append_little_endian(bytes, key.generation);
  append_little_endian(bytes, key.place);
  append_little_endian(bytes, key.part);
  return bytes;
}

std::optional<StateKey> decode_key(std::string_view bytes) noexcept {
  if (bytes.size() != key_bytes)
    return std::nullopt;
  ByteReader reader{bytes};
  const auto kind = reader.take<std::uint8_t>();
  if (kind < static_cast<std::uint8_t>(StateKind::generation)
      || kind > static_cast<std::uint8_t>(StateKind::closing))
    return std::nullopt;
  StateKey key;
  key.kind = static_cast<StateKind>(kind);
  key.generation = reader.take<std::uint64_t>();
  key.place = reader.take<std::uint32_t>();
  key.part = reader.take<std::uint32_t>();
  return key;
}

std::string begin_value(const StateHead& head) {
  std::string value;
  append_little_endian(value, state_format_version);
  append_little_endian(value, std::uint64_t{0});
  append_little_endian(value, head.snapshot);
  append_little_endian(value, head.shard);
  append_little_endian(value, head.shard_count);
  return value;
}

std::uint64_t seal_value(std::string_view key, std::string& value) noexcept {
  const auto checksum = checksum_of(key, value);
  store_little_endian(value.data() + checksum_begin, checksum);
  return checksum;
}

Result<StateValue> open_value(const StateRecord& record) {
  if (record.value.size() < state_head_bytes)
    return Error{ErrorCode::malformed, "a record ends after "
                                         + std::to_string(record.value.size())
                                         + " bytes, within its head"};
  ByteReader reader{record.value};
  const auto version = reader.take<std::uint32_t>();
  StateValue value;
  value.checksum = reader.take<std::uint64_t>();
  if (checksum_of(record.key, record.value) != value.checksum)
    return Error{ErrorCode::malformed,
                 "a record does not match its checksum; it was damaged"};
  if (version != state_format_version)
    return Error{ErrorCode::unsupported,
                 "a record has format version " + std::to_string(version)
                   + ", this program reads version "
                   + std::to_string(state_format_version)};
  value.head.snapshot = reader.take<std::uint64_t>();
  value.head.shard = reader.take<std::uint32_t>();
  value.head.shard_count = reader.take<std::uint32_t>();
  value.body = reader.take_bytes(reader.left());
  return value;
}

std::uint64_t fold_checksum(std::uint64_t before, std::uint64_t next) noexcept {
  char bytes[8];
  store_little_endian(bytes, next);
  return XXH3_64bits_withSeed(bytes, sizeof bytes, before);
}

StateRecord generation_record(const StateShape& shape,
                              StateGeneration generation) {
  StateRecord record;
  record.key = encode_key({StateKind::generation, generation, 0, 0});
  record.value = begin_value({0, shape.shard, shape.shard_count});
  seal_value(record.key, record.value);
  return record;
}

} // namespace millrace::logic::detection
