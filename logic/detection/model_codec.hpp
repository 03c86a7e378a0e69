#pragma once

#include "logic/detection/model.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace millrace::logic::detection {

/// Version of the file layout; a reader takes only its own.
inline constexpr std::uint32_t model_format_version = 1;

/// The part of a model file behind the checksum: everything but the id.
std::string encode_payload(const Forest& forest, const ModelInfo& info);

/// The id of the model with this payload: its XXH3 as 16 hexadecimal digits.
std::string payload_id(std::string_view payload);

} // namespace millrace::logic::detection
