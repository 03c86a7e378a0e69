#include "logic/detection/judgement_codec.hpp"

#include "logic/core/little_endian.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <cassert>
#include <utility>
#include <vector>

namespace millrace::logic::detection {

namespace {

constexpr std::size_t max_model_id_bytes = 256;

// Flags of a judgement.
constexpr unsigned scored_flag = 1;
constexpr unsigned judged_flag = 2;

Error refused(std::string_view why) {
  return {ErrorCode::malformed,
          "the answer of another node: " + std::string{why}};
}

void write_findings(std::string& to, std::span<const ShardJudgementsPtr> parts,
                    std::vector<Finding> ShardJudgements::*findings) {
  std::size_t count = 0;
  for (const auto& part : parts)
    count += ((*part).*findings).size();
  append_little_endian(to, static_cast<std::uint32_t>(count));
  for (const auto& part : parts)
    for (const auto& finding : (*part).*findings) {
      append_little_endian(to, finding.event);
      append_little_endian(to, static_cast<std::uint8_t>(finding.rule));
      append_little_endian(to, static_cast<std::uint8_t>(finding.severity));
      append_text(to,
                  std::string_view{finding.text}.substr(0, max_finding_bytes));
      append_text(to, finding.evidence.size() > max_finding_bytes
                        ? std::string_view{}
                        : finding.evidence);
    }
}

/// The shards of all parts, each once.
void write_shards(std::string& to, std::span<const ShardJudgementsPtr> parts,
                  std::vector<std::uint32_t> ShardJudgements::*shards) {
  ShardSet all;
  for (const auto& part : parts)
    for (const auto shard : (*part).*shards)
      all.set(shard);
  append_little_endian(to, static_cast<std::uint16_t>(all.count()));
  for (std::uint32_t shard = 0; shard != all.size(); ++shard)
    if (all.test(shard))
      append_little_endian(to, static_cast<std::uint16_t>(shard));
}

/// Rising ones of those that were asked about; false where they are not.
bool read_shards(ByteReader& from, const ShardSet& asked,
                 std::vector<std::uint32_t>& to) {
  const auto count = from.take<std::uint16_t>();
  if (count > asked.count())
    return false;
  for (std::uint32_t index = 0; index != count; ++index) {
    const auto shard = from.take<std::uint16_t>();
    if (shard >= asked.size() || !asked.test(shard)
        || (!to.empty() && shard <= to.back()))
      return false;
    to.push_back(shard);
  }
  return true;
}

/// Whether it can be copied into a JSON object.
bool is_evidence(std::string_view text) {
  if (text.empty())
    return true;
  boost::system::error_code fault;
  const auto value = boost::json::parse('{' + std::string{text} + '}', fault);
  return !fault && value.is_object();
}

/// `events` of the rows that were asked about, in the order of the question.
bool read_findings(ByteReader& from, std::span<const std::uint32_t> events,
                   std::vector<Finding>& to) {
  constexpr std::size_t least_bytes = 14;
  const auto count = from.take<std::uint32_t>();
  if (std::uint64_t{count} * least_bytes > from.left())
    return false;
  to.reserve(count);
  for (std::uint32_t index = 0; index != count; ++index) {
    Finding finding;
    const auto place = from.take<std::uint32_t>();
    const auto rule = from.take<std::uint8_t>();
    const auto severity = from.take<std::uint8_t>();
    finding.text = from.take_text(max_finding_bytes);
    finding.evidence = from.take_text(max_finding_bytes);
    if (from.ran_short() || place >= events.size() || rule >= rule_count
        || severity > static_cast<std::uint8_t>(Severity::high)
        || !is_evidence(finding.evidence))
      return false;
    finding.event = events[place];
    finding.rule = static_cast<Rule>(rule);
    finding.severity = static_cast<Severity>(severity);
    to.push_back(std::move(finding));
  }
  return true;
}

} // namespace

std::string encode_judgements(const LoginRows& asked,
                              std::span<const ShardJudgementsPtr> judgements) {
  constexpr std::size_t judgement_bytes = 7;
  std::vector<Judgement> by_row(asked.users.size());
  std::string_view model;
  [[maybe_unused]] std::size_t found = 0;
  for (const auto& part : judgements) {
    for (std::size_t index = 0; index != part->events.size(); ++index) {
      assert(part->events[index] < by_row.size());
      by_row[part->events[index]] = part->judgements[index];
    }
    found += part->events.size();
    if (model.empty())
      model = part->model_id;
  }
  assert(found == by_row.size());
  std::string to;
  to.reserve(by_row.size() * judgement_bytes + 64);
  append_text(to, model);
  append_little_endian(to, static_cast<std::uint32_t>(by_row.size()));
  for (const auto& judgement : by_row) {
    append_little_endian(to, judgement.score);
    append_little_endian(to, judgement.rules);
    append_little_endian(to, judgement.low_rules);
    append_little_endian(
      to, static_cast<std::uint8_t>((judgement.scored ? scored_flag : 0U)
                                    | (judgement.judged ? judged_flag : 0U)));
  }
  write_findings(to, judgements, &ShardJudgements::findings);
  write_findings(to, judgements, &ShardJudgements::address_findings);
  write_shards(to, judgements, &ShardJudgements::absent);
  write_shards(to, judgements, &ShardJudgements::handed_over);
  return to;
}

Result<ShardJudgements> decode_judgements(std::string_view bytes,
                                          const LoginRows& rows,
                                          const ShardSet& shards) {
  ByteReader from{bytes};
  auto result = unjudged(rows, shards);
  result.model_id = from.take_text(max_model_id_bytes);
  const auto count = from.take<std::uint32_t>();
  if (from.ran_short() || count != result.events.size())
    return refused("it is not about the rows that were asked about");
  for (auto& judgement : result.judgements) {
    judgement.score = from.take<float>();
    judgement.rules = from.take<std::uint8_t>();
    judgement.low_rules = from.take<std::uint8_t>();
    const auto flags = from.take<std::uint8_t>();
    judgement.scored = (flags & scored_flag) != 0;
    judgement.judged = (flags & judged_flag) != 0;
    if (!(judgement.score >= 0.0F && judgement.score <= 1.0F))
      return refused("no forest gives such a score");
  }
  std::vector<std::uint32_t> address_events;
  for_each_shard(rows, shards, [&](std::uint32_t shard) {
    for (const auto& row : rows.addresses_of(shard))
      address_events.push_back(row.event);
  });
  if (!read_findings(from, result.events, result.findings)
      || !read_findings(from, address_events, result.address_findings)
      || !read_shards(from, shards, result.absent)
      || !read_shards(from, shards, result.handed_over) || from.ran_short()
      || from.left() != 0)
    return refused("a finding or a shard cannot be, or its length is wrong");
  return result;
}

ShardJudgements unjudged(const LoginRows& rows, const ShardSet& shards) {
  ShardJudgements result;
  for_each_shard(rows, shards, [&](std::uint32_t shard) {
    for (const auto& row : rows.users_of(shard))
      result.events.push_back(row.event);
  });
  Judgement nobody;
  nobody.judged = false;
  result.judgements.assign(result.events.size(), nobody);
  return result;
}

void drop_unjudged(ShardJudgements& judgements) {
  std::size_t kept = 0;
  for (std::size_t index = 0; index != judgements.events.size(); ++index)
    if (judgements.judgements[index].judged) {
      judgements.events[kept] = judgements.events[index];
      judgements.judgements[kept++] = judgements.judgements[index];
    }
  judgements.events.resize(kept);
  judgements.judgements.resize(kept);
}

} // namespace millrace::logic::detection
