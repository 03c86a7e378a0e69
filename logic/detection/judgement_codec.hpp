#pragma once

#include "logic/core/result.hpp"
#include "logic/detection/login_rows.hpp"
#include "logic/records/judgement.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

/// What a node answers that was asked about logins (`login_rows_codec.hpp`), as
/// bytes: integers and floats of fixed width, little-endian, no padding.
namespace millrace::logic::detection {

/// Longest text and evidence of a finding that is taken from another node.
inline constexpr std::size_t max_finding_bytes = 1024;

/// The answer to `asked`, whose rows have numbers for events: each of its
/// users' rows must be judged once over all parts (asserted).
std::string encode_judgements(const LoginRows& asked,
                              std::span<const ShardJudgementsPtr> judgements);

/// The answer to the question about those shards of `rows`. Refused: what is
/// cut off or too long, another number of judgements, findings on rows that
/// were not asked about, evidence that is no JSON, long texts, shards that were
/// not asked about.
Result<ShardJudgements> decode_judgements(std::string_view bytes,
                                          const LoginRows& rows,
                                          const ShardSet& shards);

/// What to say of the users' rows of those shards where nobody answers.
ShardJudgements unjudged(const LoginRows& rows, const ShardSet& shards);

/// Leaves out the events that are not judged, for somebody else to be asked.
void drop_unjudged(ShardJudgements& judgements);

} // namespace millrace::logic::detection
