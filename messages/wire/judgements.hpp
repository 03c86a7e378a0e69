#pragma once

#include <cstddef>
#include <string>

/// Questions about logins to whoever owns their users and addresses.
namespace millrace::messages::wire {

/// As much as passes between nodes as one message, less what CAF adds.
inline constexpr std::size_t max_judgement_bytes = (4U << 20U) - 4096;

/// Judge these rows, of shards that you own: in the form of
/// `logic::detection::encode_rows`, so that a batch is one run of bytes.
struct JudgeRequest {
  std::string rows;
};

/// In the form of `logic::detection::encode_judgements`.
struct JudgeAnswer {
  std::string judgements;
};

} // namespace millrace::messages::wire
