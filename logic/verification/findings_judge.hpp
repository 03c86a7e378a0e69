#pragma once

#include "logic/records/record_batch.hpp"

#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace::logic::verification {

/// Of one rule: the users, or addresses, that it found on both sides, on the
/// first only, on the second only.
struct RuleComparison {
  std::string rule;
  std::uint64_t common = 0;
  std::uint64_t missing = 0;
  std::uint64_t invented = 0;
};

struct FindingsReport {
  struct Side {
    std::uint64_t events = 0; ///< each input once
    std::uint64_t unjudged = 0;
    std::uint64_t unreadable = 0; ///< outputs that name no input
  };
  Side expected;
  Side found;
  std::vector<RuleComparison> rules; ///< by name

  /// The same inputs, and of each rule at least that share of what was expected
  /// was found, and of what was found was expected.
  bool agrees(double share) const;
};

/// A table for people, without the verdict.
std::string to_text(const FindingsReport& report);

/// Compares what several nodes found with what one node found in the same
/// input: by rule and user or address, since at which events of a burst a rule
/// fires depends on how partitions meet. An input that was written twice counts
/// once. Not thread-safe.
class FindingsJudge {
public:
  /// `prefix` stands before the members that the node adds.
  explicit FindingsJudge(std::string prefix = {});

  void expected(const RecordView& output) { take(output, first_); }
  void found(const RecordView& output) { take(output, second_); }

  FindingsReport report() const;

private:
  using Input = std::pair<std::int64_t, std::int64_t>; // partition, offset
  struct Seen {
    FindingsReport::Side side;
    std::set<Input> inputs;
    std::map<std::string, std::set<std::string>> subjects; ///< by rule
  };

  void take(const RecordView& output, Seen& seen) const;

  std::string source_;
  std::string anomaly_;
  Seen first_;
  Seen second_;
};

} // namespace millrace::logic::verification
