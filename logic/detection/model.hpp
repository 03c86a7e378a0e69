#pragma once

#include "logic/core/result.hpp"
#include "logic/detection/compiled_forest.hpp"
#include "logic/detection/forest.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::logic::detection {

/// What is known of a model besides its trees.
struct ModelInfo {
  /// 16 hexadecimal digits over the stored content: equal models have equal
  /// ids, whoever fitted them.
  std::string id;
  /// Rows that score this or more are anomalous.
  float threshold = 1.0F;
  std::vector<std::string> feature_names;
  std::uint64_t training_rows = 0;
  std::uint64_t seed = 0;
  double contamination = 0.0;
};

/// A forest that is ready for use. Immutable once published; any thread.
struct Model {
  ModelInfo info;
  Forest forest;
  CompiledForest compiled;
};

using ModelPtr = std::shared_ptr<const Model>;

/// Compiles the forest and computes the id.
ModelPtr make_model(Forest forest, ModelInfo info);

/// The model as the bytes of a file: little-endian, with magic, format
/// version and checksum; layout in docs/detection.md.
std::string encode_model(const Model& model);

/// Reads what `encode_model` wrote. Whatever else is given (empty, truncated,
/// foreign, another version, flipped bits, absurd sizes) ends in `malformed`
/// or `unsupported` with what was found where.
Result<ModelPtr> decode_model(std::string_view bytes);

} // namespace millrace::logic::detection
