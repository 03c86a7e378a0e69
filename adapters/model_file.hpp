#pragma once

#include "logic/detection/model.hpp"
#include "logic/result.hpp"

#include <string>
#include <string_view>

namespace millrace::adapters {

/// Reads and checks a model file. Errors name the path and what is wrong:
/// missing, not a regular file, unreadable, too large, not a model, damaged.
logic::Result<logic::detection::ModelPtr>
read_model_file(const std::string& path);

/// Writes the model so that the path names either the old content or the
/// whole of the new one, whatever happens meanwhile: a file beside it is
/// written, synced and renamed.
logic::Result<void> write_model_file(const std::string& path,
                                     const logic::detection::Model& model);

} // namespace millrace::adapters
