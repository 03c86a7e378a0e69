#include "adapters/geoip/mmdb_tree.hpp"

#include <algorithm>

namespace millrace::adapters::geoip {

namespace {

using logic::Error;
using logic::ErrorCode;

constexpr std::string_view marker = "\xab\xcd\xefMaxMind.com";
constexpr std::size_t max_metadata_bytes = 128 * 1024;

/// Leaves whose data is decoded when a file is opened.
constexpr std::uint32_t sampled_leaves = 4'096;

Error malformed(std::string text) {
  return {ErrorCode::malformed, std::move(text)};
}

Error foreign(std::string_view file) {
  if (file.starts_with("\x1f\x8b"))
    return malformed("is compressed (gzip); unpack it and name the .mmdb file "
                     "inside");
  if (file.starts_with("PK\x03\x04"))
    return malformed("is a zip archive; unpack it and name the .mmdb file "
                     "inside");
  return malformed("is not a MaxMind DB file, or its end is missing (no "
                   "metadata found); name a .mmdb file, or download it again");
}

struct RawMetadata {
  std::optional<std::uint64_t> node_count;
  std::optional<std::uint64_t> record_bits;
  std::optional<std::uint64_t> ip_version;
  std::optional<std::uint64_t> major_version;
  std::optional<std::uint64_t> build_time_s;
  std::optional<std::string_view> database_type;
};

logic::Result<MmdbMetadata> read_metadata(const MmdbData& section) {
  RawMetadata raw;
  const bool readable = section.for_each_member(
    0, [&](std::string_view name, std::size_t value) {
      if (name == "node_count")
        raw.node_count = section.unsigned_at(value);
      else if (name == "record_size")
        raw.record_bits = section.unsigned_at(value);
      else if (name == "ip_version")
        raw.ip_version = section.unsigned_at(value);
      else if (name == "binary_format_major_version")
        raw.major_version = section.unsigned_at(value);
      else if (name == "build_epoch")
        raw.build_time_s = section.unsigned_at(value);
      else if (name == "database_type")
        raw.database_type = section.text_at(value);
    });
  if (!readable || !raw.node_count || !raw.record_bits || !raw.ip_version
      || !raw.major_version)
    return malformed("has broken metadata; download it again");
  if (*raw.major_version != 2)
    return Error{ErrorCode::unsupported, "has format version "
                                           + std::to_string(*raw.major_version)
                                           + ", but only version 2 is known"};
  const std::uint64_t bits = *raw.record_bits;
  if (bits != 24 && bits != 28 && bits != 32)
    return Error{ErrorCode::unsupported,
                 "has records of " + std::to_string(bits)
                   + " bits, but only 24, 28 and 32 are known"};
  if (*raw.ip_version != 4 && *raw.ip_version != 6)
    return malformed("names IP version " + std::to_string(*raw.ip_version));
  if (*raw.node_count == 0 || *raw.node_count >= std::uint64_t{1} << bits)
    return malformed("has an impossible number of nodes ("
                     + std::to_string(*raw.node_count) + ")");
  return MmdbMetadata{
    .node_count = static_cast<std::uint32_t>(*raw.node_count),
    .record_bits = static_cast<std::uint32_t>(bits),
    .ip_version = static_cast<int>(*raw.ip_version),
    .database_type = std::string{raw.database_type.value_or("")},
    .build_time_s = raw.build_time_s.value_or(0)};
}

/// Some publishers make a file per family and say so only in its type,
/// such as "city ipv6".
bool type_names(const MmdbMetadata& metadata, std::string_view word) {
  std::string lower = metadata.database_type;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower.find(word) != std::string::npos;
}

} // namespace

logic::Result<MmdbTree> MmdbTree::parse(std::string_view file) {
  const std::size_t searched = std::min(file.size(), max_metadata_bytes);
  const std::size_t found = file.substr(file.size() - searched).rfind(marker);
  if (found == std::string_view::npos)
    return foreign(file);
  const std::size_t tree_and_data = file.size() - searched + found;
  const MmdbData section{file.substr(tree_and_data + marker.size())};
  auto metadata = read_metadata(section);
  if (!metadata)
    return metadata.error();
  MmdbTree tree;
  tree.metadata_ = *std::move(metadata);
  tree.node_bytes_ = tree.metadata_.record_bits / 4;
  const std::uint64_t tree_bytes = std::uint64_t{tree.metadata_.node_count}
                                   * tree.node_bytes_;
  if (tree_bytes + separator_bytes > tree_and_data)
    return malformed("is too short for its search tree of "
                     + std::to_string(tree_bytes)
                     + " bytes; download it again");
  tree.nodes_ = file.data();
  const auto data_begin = static_cast<std::size_t>(tree_bytes)
                          + separator_bytes;
  tree.data_ = MmdbData{file.substr(data_begin, tree_and_data - data_begin)};
  if (auto checked = tree.check_records(); !checked)
    return checked.error();
  return tree;
}

logic::Result<void> MmdbTree::check_records() const {
  const std::uint32_t count = metadata_.node_count;
  const std::uint32_t step = std::max(1U, 2 * (count / sampled_leaves));
  std::uint32_t leaves = 0;
  for (std::uint32_t node = 0; node < count; ++node) {
    for (const bool right : {false, true}) {
      const Record record = child(node, right);
      if (record <= count)
        continue;
      const std::uint32_t key = data_key(record);
      if (key == 0 || key > data_.size_bytes())
        return malformed("is damaged: node " + std::to_string(node)
                         + " of its search tree points outside the data; "
                           "download it again");
      if (leaves++ % step == 0 && !data_.end_of(key - 1))
        return malformed("is damaged: the data at offset "
                         + std::to_string(key - 1)
                         + " cannot be decoded; download it again");
    }
  }
  if (leaves == 0)
    return malformed("holds no networks; download it again");
  return {};
}

MmdbTree::Record MmdbTree::descend(std::uint64_t path, int path_bits,
                                   Record from) const noexcept {
  Record record = from;
  for (int bit = path_bits - 1; bit >= 0; --bit) {
    // A value that covers more than v4 is one for v6 addresses.
    if (!is_node(record))
      return metadata_.node_count;
    record = child(record, (path >> bit & 1) != 0);
  }
  return record;
}

std::optional<MmdbTree::Record> MmdbTree::root_v4() const noexcept {
  if (type_names(metadata_, "ipv6"))
    return std::nullopt;
  if (metadata_.ip_version == 4)
    return Record{0};
  const Record zeros = descend(0, 64, 0);
  for (const std::uint64_t low : {std::uint64_t{0}, std::uint64_t{0xffff}}) {
    const Record root = descend(low, 32, zeros);
    if (root != metadata_.node_count)
      return root;
  }
  return std::nullopt;
}

std::optional<MmdbTree::Record> MmdbTree::root_v6() const noexcept {
  if (metadata_.ip_version == 4 || type_names(metadata_, "ipv4"))
    return std::nullopt;
  return Record{0};
}

} // namespace millrace::adapters::geoip
