#include "logic/encoding/encoder_judgements.hpp"

#include "logic/core/json_text.hpp"
#include "logic/encoding/encoder_members.hpp"

#include <algorithm>
#include <cassert>

namespace millrace::logic {

namespace {

constexpr std::string_view score_prefix = R"("score":)";
constexpr std::string_view detail_prefix = R"(,"detail":")";
constexpr std::string_view detail_separator = "; ";
constexpr std::string_view findings_prefix = R"(,"findings":[)";
constexpr std::string_view rule_prefix = R"({"rule":")";
constexpr std::string_view severity_prefix = R"(","severity":")";
constexpr std::string_view unjudged = R"("judged":false)";
/// Room for a finding's rule, severity and punctuation.
constexpr std::size_t finding_bytes = 80;
constexpr std::size_t score_bytes = 5; // 0.512
/// Longest `"judged":false,"score":0.512,"anomalous":false,`.
constexpr std::size_t head_bytes = 64;

std::string render_rules(std::size_t bits) {
  std::string json;
  for (std::size_t rule = 0; rule != rule_count; ++rule) {
    if ((bits & (std::size_t{1} << rule)) == 0)
      continue;
    json += json.empty() ? R"(,"rules":[")" : R"(",")";
    append_json_escaped(json, to_string(static_cast<Rule>(rule)));
  }
  if (!json.empty())
    json += R"("])";
  return json;
}

/// Three decimals; what is no number in [0, 1] is brought there.
char* write_score(char* to, float score) noexcept {
  const auto thousandths = score > 0.0F ? static_cast<unsigned>(
                             std::min(score, 1.0F) * 1000.0F + 0.5F)
                                        : 0U;
  to[0] = static_cast<char>('0' + thousandths / 1000);
  to[1] = '.';
  to[2] = static_cast<char>('0' + thousandths / 100 % 10);
  to[3] = static_cast<char>('0' + thousandths / 10 % 10);
  to[4] = static_cast<char>('0' + thousandths % 10);
  return to + score_bytes;
}

} // namespace

JudgementIndex::JudgementIndex(const OutputMembers& members)
  : lead_(members.lead_of(OutputMember::anomaly)) {
  lead_ += '{';
  for (std::size_t bits = 0; bits != rules_.size(); ++bits)
    rules_[bits] = render_rules(bits);
}

void JudgementIndex::merge(std::size_t event_count,
                           std::span<const ShardJudgementsPtr> judgements) {
  entries_.clear();
  tails_.clear();
  findings_.clear();
  if (judgements.empty())
    return;
  entries_.resize(event_count);
  std::size_t found = 0;
  for (const auto& shard : judgements) {
    add(*shard);
    found += shard->events.size();
  }
  assert(found == event_count);
  static_cast<void>(found);
  gather_findings(judgements);
}

void JudgementIndex::add(const ShardJudgements& shard) {
  assert(shard.events.size() == shard.judgements.size());
  const auto position = static_cast<std::uint32_t>(tails_.size());
  for (std::size_t index = 0; index != shard.events.size(); ++index) {
    assert(shard.events[index] < entries_.size());
    Entry& entry = entries_[shard.events[index]];
    assert(!entry.present);
    entry.judgement = shard.judgements[index];
    entry.present = true;
    entry.shard = position;
  }
  auto& tail = tails_.emplace_back();
  if (!shard.model_id.empty()) {
    tail += R"(,"model":")";
    append_json_escaped(tail, shard.model_id);
    tail += '"';
  }
  tail += '}';
}

/// What concerns an address may come from another shard than the user's.
void JudgementIndex::gather_findings(
  std::span<const ShardJudgementsPtr> judgements) {
  for (const auto& shard : judgements) {
    for (const auto& finding : shard->findings)
      findings_.push_back(&finding);
    for (const auto& finding : shard->address_findings) {
      findings_.push_back(&finding);
      auto& judgement = entries_[finding.event].judgement;
      const auto bit = bit_of(finding.rule);
      judgement.rules = static_cast<RuleBits>(judgement.rules | bit);
      if (finding.severity == Severity::low)
        judgement.low_rules = static_cast<RuleBits>(judgement.low_rules | bit);
    }
  }
  std::stable_sort(
    findings_.begin(), findings_.end(),
    [](const Finding* a, const Finding* b) { return a->event < b->event; });
  for (std::size_t index = 0; index != findings_.size(); ++index) {
    Entry& entry = entries_[findings_[index]->event];
    if (entry.findings++ == 0)
      entry.first_finding = static_cast<std::uint32_t>(index);
  }
}

std::size_t JudgementIndex::bound_bytes(std::size_t event) const noexcept {
  if (entries_.empty() || !entries_[event].present)
    return 0;
  const Entry& entry = entries_[event];
  std::size_t bytes = lead_.size() + head_bytes
                      + rules_[entry.judgement.rules % rules_.size()].size()
                      + tails_[entry.shard].size();
  if (entry.findings != 0)
    bytes += detail_prefix.size() + findings_prefix.size() + 2;
  for (std::size_t index = 0; index != entry.findings; ++index) {
    const auto& finding = *findings_[entry.first_finding + index];
    bytes += finding_bytes + finding.text.size() * max_escaped_bytes
             + finding.evidence.size();
  }
  return bytes;
}

/// The texts as one, and each with its evidence.
char* JudgementIndex::write_findings(char* to,
                                     const Entry& entry) const noexcept {
  const std::span findings{findings_.data() + entry.first_finding,
                           entry.findings};
  to = write_text(to, detail_prefix);
  for (const auto* finding : findings) {
    if (finding != findings.front())
      to = write_text(to, detail_separator);
    to = write_json_escaped(to, finding->text);
  }
  *to++ = '"';
  to = write_text(to, findings_prefix);
  for (const auto* finding : findings) {
    if (finding != findings.front())
      *to++ = ',';
    to = write_text(to, rule_prefix);
    to = write_text(to, to_string(finding->rule));
    to = write_text(to, severity_prefix);
    to = write_text(to, to_string(finding->severity));
    *to++ = '"';
    if (!finding->evidence.empty())
      *to++ = ',';
    to = write_text(to, finding->evidence);
    *to++ = '}';
  }
  *to++ = ']';
  return to;
}

char* JudgementIndex::write(char* to, std::size_t event) const noexcept {
  if (entries_.empty() || !entries_[event].present)
    return to;
  const Entry& entry = entries_[event];
  to = write_text(to, lead_);
  if (!entry.judgement.judged) {
    to = write_text(to, unjudged);
    if (entry.findings == 0)
      return write_text(to, "}");
    *to++ = ',';
  }
  if (entry.judgement.scored) {
    to = write_text(to, score_prefix);
    to = write_score(to, entry.judgement.score);
    *to++ = ',';
  }
  to = write_text(to, entry.judgement.anomalous() ? R"("anomalous":true)"
                                                  : R"("anomalous":false)");
  to = write_text(to, rules_[entry.judgement.rules % rules_.size()]);
  if (entry.findings != 0)
    to = write_findings(to, entry);
  return write_text(to, tails_[entry.shard]);
}

} // namespace millrace::logic
