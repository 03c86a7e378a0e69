#pragma once

#include "logic/core/result.hpp"
#include "logic/records/encoded_batch.hpp"

#include <cstddef>
#include <string>
#include <string_view>

/// What a lane made of a batch, on its way back to the node that has the raw
/// bytes: only what differs from those.
namespace millrace::logic {

/// Longest detail of a dead letter that travels.
inline constexpr std::size_t max_detail_bytes = 4'096;

/// Of each output how much of its front and of its end is that of the raw
/// value, and the bytes in between; of each dead letter reason and detail.
std::string encode_additions(const EncodedBatch& batch);

/// The batch that another node made of `raw`. Everything is compared with the
/// bytes that are there before anything is allocated. Refused: another number
/// of records, more of a value than there is, outputs of records that have
/// none, unknown reasons, what is cut off or too long.
Result<EncodedBatchPtr> decode_additions(std::string_view bytes,
                                         RecordBatchPtr raw);

} // namespace millrace::logic
