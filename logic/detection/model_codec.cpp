#include "logic/detection/model_codec.hpp"

#include "logic/core/little_endian.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <utility>

// Inlined, so that no library of this name is needed at run time.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace millrace::logic::detection {

namespace {

constexpr std::string_view magic = "MLRMODEL";
/// Magic, format version, length and checksum of the payload.
constexpr std::size_t header_bytes = 8 + 4 + 8 + 8;
constexpr std::uint16_t leaf_mark = 0xFFFF;
constexpr std::size_t max_name_bytes = 255;

Error malformed(std::string what) {
  return {ErrorCode::malformed, "cannot read the model: " + what};
}

/// Reads a tree whose nodes stand in pre-order; right children follow from
/// the order. Says what is wrong, or nothing.
class TreeReader {
public:
  TreeReader(ByteReader& reader, const Forest& forest)
    : reader_(reader), features_(forest.features),
      depth_limit_(height_limit(forest.sample_size)),
      // Depth and c(n) bound every path length.
      longest_(static_cast<float>(depth_limit_)
               + static_cast<float>(mean_path_length(forest.sample_size))
               + 0.001F) {}

  std::optional<std::string> read(ForestTree& tree) {
    read_node(tree, 0);
    if (problem_.empty() && reader_.ran_short())
      problem_ = "the tree is cut off";
    return problem_.empty() ? std::nullopt : std::optional{problem_};
  }

private:
  void read_node(ForestTree& tree, std::size_t depth) {
    const auto feature = reader_.take<std::uint16_t>();
    const auto value = reader_.take<float>();
    if (reader_.ran_short() || !problem_.empty())
      return;
    if (feature == leaf_mark) {
      if (!(value >= 0.0F && value <= longest_))
        problem_ = "a path length of " + std::to_string(value);
      tree.push_back({ForestNode::leaf, 0, value});
      return;
    }
    if (feature >= features_)
      problem_ = "a test on feature " + std::to_string(feature);
    else if (depth >= depth_limit_)
      problem_ = "a tree deeper than " + std::to_string(depth_limit_);
    else if (!std::isfinite(value))
      problem_ = "a threshold that is not a number";
    if (!problem_.empty())
      return;
    const auto index = tree.size();
    tree.push_back({feature, 0, value});
    read_node(tree, depth + 1);
    tree[index].right = static_cast<std::uint32_t>(tree.size());
    read_node(tree, depth + 1);
  }

  ByteReader& reader_;
  std::size_t features_;
  std::size_t depth_limit_;
  float longest_;
  std::string problem_;
};

/// The checked payload of a file, or what is wrong with its header.
Result<std::string_view> open_payload(std::string_view bytes) {
  if (bytes.empty())
    return malformed("the file is empty");
  if (bytes.substr(0, magic.size())
      != magic.substr(0, std::min(magic.size(), bytes.size())))
    return malformed("the file does not begin with MLRMODEL, so it is not a "
                     "millrace model");
  if (bytes.size() < header_bytes)
    return malformed("the file ends after " + std::to_string(bytes.size())
                     + " bytes, within the header");
  ByteReader header{bytes.substr(magic.size())};
  const auto version = header.take<std::uint32_t>();
  if (version != model_format_version)
    return Error{ErrorCode::unsupported,
                 "cannot read the model: format version "
                   + std::to_string(version) + ", this program reads version "
                   + std::to_string(model_format_version)
                   + "; train the model again"};
  const auto length = header.take<std::uint64_t>();
  const auto checksum = header.take<std::uint64_t>();
  const auto payload = bytes.substr(header_bytes);
  if (payload.size() != length)
    return malformed("the header promises " + std::to_string(length)
                     + " bytes of content, the file has "
                     + std::to_string(payload.size()));
  if (XXH3_64bits(payload.data(), payload.size()) != checksum)
    return malformed("the content does not match its checksum; the file was "
                     "damaged");
  return payload;
}

/// Sizes and names; false with a text where something is out of bounds.
std::optional<std::string> read_head(ByteReader& reader, Forest& forest,
                                     ModelInfo& info, std::size_t& trees) {
  info.threshold = reader.take<float>();
  info.contamination = reader.take<double>();
  info.training_rows = reader.take<std::uint64_t>();
  info.seed = reader.take<std::uint64_t>();
  forest.features = reader.take<std::uint32_t>();
  forest.sample_size = reader.take<std::uint32_t>();
  trees = reader.take<std::uint32_t>();
  if (reader.ran_short())
    return "the content is cut off";
  if (!(info.threshold >= 0.0F && info.threshold <= 2.0F))
    return "a threshold of " + std::to_string(info.threshold);
  if (!(info.contamination >= 0.0 && info.contamination <= 1.0))
    return "a contamination of " + std::to_string(info.contamination);
  if (forest.features < 1 || forest.features > max_features)
    return std::to_string(forest.features) + " features; 1 to "
           + std::to_string(max_features) + " are possible";
  if (forest.sample_size < 2 || forest.sample_size > max_sample_size)
    return "samples of " + std::to_string(forest.sample_size) + " rows; 2 to "
           + std::to_string(max_sample_size) + " are possible";
  if (trees < 1 || trees > max_trees)
    return std::to_string(trees) + " trees; 1 to " + std::to_string(max_trees)
           + " are possible";
  for (std::size_t feature = 0; feature != forest.features; ++feature) {
    const auto length = reader.take<std::uint8_t>();
    info.feature_names.emplace_back(reader.take_bytes(length));
  }
  if (reader.ran_short())
    return "the feature names are cut off";
  return std::nullopt;
}

} // namespace

std::string payload_id(std::string_view payload) {
  constexpr std::string_view digits = "0123456789abcdef";
  const auto hash = XXH3_64bits(payload.data(), payload.size());
  std::string id;
  for (int shift = 60; shift >= 0; shift -= 4)
    id.push_back(digits[(hash >> shift) & 0xF]);
  return id;
}

std::string encode_payload(const Forest& forest, const ModelInfo& info) {
  std::string out;
  append_little_endian(out, info.threshold);
  append_little_endian(out, info.contamination);
  append_little_endian(out, info.training_rows);
  append_little_endian(out, info.seed);
  append_little_endian(out, static_cast<std::uint32_t>(forest.features));
  append_little_endian(out, static_cast<std::uint32_t>(forest.sample_size));
  append_little_endian(out, static_cast<std::uint32_t>(forest.trees.size()));
  for (const auto& name : info.feature_names) {
    const auto stored = name.substr(0, max_name_bytes);
    append_little_endian(out, static_cast<std::uint8_t>(stored.size()));
    out.append(stored);
  }
  for (const auto& tree : forest.trees)
    for (const auto& node : tree) {
      append_little_endian(out, node.feature == ForestNode::leaf
                                  ? leaf_mark
                                  : static_cast<std::uint16_t>(node.feature));
      append_little_endian(out, node.value);
    }
  return out;
}

std::string encode_model(const Model& model) {
  const auto payload = encode_payload(model.forest, model.info);
  std::string out{magic};
  append_little_endian(out, model_format_version);
  append_little_endian(out, static_cast<std::uint64_t>(payload.size()));
  append_little_endian(out, static_cast<std::uint64_t>(
                              XXH3_64bits(payload.data(), payload.size())));
  out.append(payload);
  return out;
}

Result<ModelPtr> decode_model(std::string_view bytes) {
  const auto payload = open_payload(bytes);
  if (!payload)
    return payload.error();
  ByteReader reader{*payload};
  Forest forest;
  ModelInfo info;
  std::size_t trees = 0;
  if (auto problem = read_head(reader, forest, info, trees))
    return malformed(*std::move(problem));
  for (std::size_t tree = 0; tree != trees; ++tree) {
    TreeReader tree_reader{reader, forest};
    if (auto problem = tree_reader.read(forest.trees.emplace_back()))
      return malformed("tree " + std::to_string(tree + 1) + " of "
                       + std::to_string(trees) + ": " + *problem);
  }
  if (reader.left() != 0)
    return malformed(std::to_string(reader.left())
                     + " bytes are left after the last tree");
  return make_model(std::move(forest), std::move(info));
}

} // namespace millrace::logic::detection
