#pragma once

#include "logic/core/result.hpp"
#include "logic/detection/model.hpp"

#include <string>
#include <string_view>

namespace millrace::adapters {

/// Reads and checks a model file. Errors name the path, what is wrong
/// (missing, not a regular file, unreadable, too large, not a model, damaged)
/// and what to do.
logic::Result<logic::detection::ModelPtr>
read_model_file(const std::string& path);

/// Writes the model, by `write_whole_file`.
logic::Result<void> write_model_file(const std::string& path,
                                     const logic::detection::Model& model);

} // namespace millrace::adapters
