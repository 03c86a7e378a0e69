#pragma once

#include "logic/records/judgement.hpp"
#include "logic/records/output_members.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::logic {

/// Brings the judgements of all shards into event order and writes the member
/// `anomaly`. Keeps its memory between batches; not thread-safe.
class JudgementIndex {
public:
  explicit JudgementIndex(const OutputMembers& members);

  /// Takes over the judgements of a batch of `event_count` events; they must
  /// hold each event exactly once (asserted), or none at all. Views into
  /// `judgements` last until the next call.
  void merge(std::size_t event_count,
             std::span<const ShardJudgementsPtr> judgements);

  /// The most bytes that `write` needs for that event.
  std::size_t bound_bytes(std::size_t event) const noexcept;

  /// Writes `,"anomaly":{...}`, or nothing where the event has no judgement;
  /// returns the end.
  char* write(char* to, std::size_t event) const noexcept;

private:
  struct Entry {
    Judgement judgement;
    bool present = false;
    std::uint32_t shard = 0; ///< position in `tails_`
    std::uint32_t first_finding = 0; ///< index into `findings_`
    std::uint32_t findings = 0;
  };

  void add(const ShardJudgements& shard);
  void gather_findings(std::span<const ShardJudgementsPtr> judgements);
  char* write_findings(char* to, const Entry& entry) const noexcept;

  std::string lead_; ///< `,"anomaly":{`
  std::vector<Entry> entries_; ///< by event; empty without judgements
  /// By shard: what follows the rest, `,"model":"..."}` or `}`.
  std::vector<std::string> tails_;
  /// By the bits of `Judgement::rules`: `,"rules":[...]`, empty for none.
  std::array<std::string, std::size_t{1} << rule_count> rules_;
  std::vector<const Finding*> findings_; ///< by event
};

} // namespace millrace::logic
