#pragma once

#include "logic/core/result.hpp"
#include "logic/records/record_batch.hpp"

#include <cstddef>
#include <string>
#include <string_view>

/// A raw batch on its way to another node.
namespace millrace::logic {

/// One run of bytes: what each record is like in a few bytes, then all keys,
/// values and headers.
std::string encode_batch(const RecordBatch& batch);

/// The batch that another node sent, under no epoch. Counts are compared with
/// the bytes that are there before anything is allocated. Refused: what is cut
/// off or too long, no records at all, more than `max_records`, offsets that
/// no partition has.
Result<RecordBatchPtr> decode_batch(std::string_view bytes,
                                    std::size_t max_records);

} // namespace millrace::logic
