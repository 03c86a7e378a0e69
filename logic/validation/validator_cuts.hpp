#pragma once

#include "logic/records/validated_batch.hpp"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace millrace::logic {

/// Appends the ranges that remove members from a JSON object so that it stays
/// valid: each with one comma, where it has one. `members` are positions among
/// the top-level members, counted from 0, rising. `value` is a record's value
/// whose one document, from `begin` on, is a well-formed object: this reads it
/// a second time, which only records with members of ours pay for.
void append_member_cuts(std::string_view value, std::uint32_t begin,
                        std::span<const std::uint32_t> members,
                        std::vector<ByteRange>& cuts);

} // namespace millrace::logic
