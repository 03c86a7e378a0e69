#include "tests/support/record_to_outcome.hpp"

#include "logic/core/json_text.hpp"
#include "logic/encoding/encoder.hpp"
#include "logic/records/output_members.hpp"
#include "logic/validation/validator.hpp"
#include "logic/validation/validator_words.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

namespace millrace::tests {

namespace {

constexpr std::int64_t now_ms = 1'750'000'000'000;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
/// What one record became.
struct Outcome {
  logic::ValidatedBatchPtr validated;
  logic::EncodedBatchPtr encoded;

  bool dead() const { return encoded->records.front().dead; }
  logic::Reason reason() const { return encoded->records.front().reason; }
  std::string_view output() const { return encoded->bytes; }
};

/// Validation and encoding as one node is configured.
class Codec {
public:
  Codec(const logic::ValidationConfig& validation,
        const logic::OutcomeConfig& outcome, const std::string& prefix)
    : members_(prefix), outcome_(outcome),
      validator_(validation, outcome, members_),
      encoder_(encoding_with(prefix)) {
    place_.country = "US";
    place_.json = R"({"country":"US"})";
  }

  const logic::OutputMembers& members() const { return members_; }
  const logic::OutcomeConfig& outcome_config() const { return outcome_; }

  Outcome run(std::string_view value) {
    logic::RecordBatch::Builder builder{"user\"login", logic::PartitionId{3},
                                        logic::AssignmentEpoch{1}};
    logic::RecordView record;
    record.offset = logic::Offset{42};
    record.timestamp_ms = 1'720'000'000'123;
    record.value = value;
    builder.append(record);
    Outcome outcome;
    outcome.validated = validator_.validate(builder.finish(), now_ms);
    logic::EnrichedBatch enriched;
    enriched.validated = outcome.validated;
    enriched.origins.resize(outcome.validated->events.size());
    std::vector<logic::ShardJudgementsPtr> judgements;
    if (!enriched.origins.empty())
      judgements.push_back(judge(enriched.origins.front()));
    outcome.encoded = encoder_.encode(enriched, judgements, now_ms);
    return outcome;
  }

private:
  static logic::EncodingConfig encoding_with(const std::string& prefix) {
    logic::EncodingConfig config;
    config.member_prefix = prefix;
    return config;
  }

  logic::ShardJudgementsPtr judge(logic::Origin& origin) {
    origin.place = &place_;
    origin.address_class = logic::geo::AddressClass::public_;
    auto judgements = std::make_shared<logic::ShardJudgements>();
    judgements->events = {0};
    judgements->judgements.push_back(
      {.score = 0.75F, .rules = 5, .scored = true});
    judgements->findings.push_back({.event = 0,
                                    .rule = logic::Rule::impossible_travel,
                                    .text = "8012 km from \"Lisbon\" in 1.2 h",
                                    .evidence = R"("distance_km":8012)"});
    judgements->model_id = "forest-1";
    return judgements;
  }

  logic::geo::Place place_;
  logic::OutputMembers members_;
  logic::OutcomeConfig outcome_;
  logic::Validator validator_;
  logic::Encoder encoder_;
};

std::string_view without_mark(std::string_view value) {
  if (value.starts_with(byte_order_mark))
    value.remove_prefix(byte_order_mark.size());
  return value;
}

/// The reference: Boost.JSON's own document parser. Near the end of the input
/// it reads numbers in another way, which may round them differently: blanks
/// behind keep that end away, and equal numbers equal.
std::optional<boost::json::value> reference_parse(std::string_view text) {
  constexpr std::size_t blanks = 64;
  boost::json::error_code code;
  auto document = boost::json::parse(
    std::string{text} + std::string(blanks, ' '), code);
  if (code)
    return std::nullopt;
  return document;
}

std::string check_dead(const Outcome& outcome, std::string_view value) {
  const auto& record = outcome.encoded->records.front();
  const auto& detail = outcome.encoded->details.at(record.detail);
  if (detail.empty() || logic::find_invalid_utf8(detail) != std::string::npos)
    return "the detail is empty or no UTF-8";
  if (std::ranges::any_of(detail, [](char c) { return c >= 0 && c < ' '; }))
    return "the detail holds a control character";
  const auto reason = record.reason;
  const bool unreadable = reason == logic::Reason::not_json
                          || reason == logic::Reason::invalid_utf8
                          || reason == logic::Reason::empty_value
                          || reason == logic::Reason::too_deep;
  // The exponent of a timestamp is the one fault with a reason of its own.
  if (!unreadable && reason != logic::Reason::invalid_timestamp
      && !reference_parse(without_mark(value)))
    return "unreadable text was rejected for "
           + std::string{logic::to_string(reason)};
  if (unreadable && reference_parse(without_mark(value)))
    return "valid JSON was rejected for "
           + std::string{logic::to_string(reason)};
  return {};
}

/// The bytes of the output's front that come from the record.
std::string kept_bytes(const Outcome& outcome, std::string_view value) {
  const auto& event = outcome.validated->events.front();
  std::string kept{value.substr(0, event.closing_brace)};
  for (auto cut = event.first_cut + event.cut_count; cut != event.first_cut;
       --cut) {
    const auto range = outcome.validated->cuts.at(cut - 1);
    kept.erase(range.begin, range.end - range.begin);
  }
  return kept;
}

std::string check_members(const logic::OutputMembers& members,
                          const boost::json::object& before,
                          const boost::json::object& after) {
  std::size_t own = 0;
  for (const auto& member : after) {
    const std::string_view name{member.key().data(), member.key().size()};
    if (members.contains(name))
      ++own;
    else if (before.find(member.key()) == before.end())
      return "the output has a member more";
  }
  if (own != logic::output_member_count)
    return "the output lacks a member of ours";
  for (const auto& member : before) {
    const std::string_view name{member.key().data(), member.key().size()};
    if (members.contains(name))
      continue;
    const auto found = after.find(member.key());
    if (found == after.end())
      return "a member was lost";
    // As text: 0E400 is a number, but Boost.JSON reads it as NaN, which never
    // equals itself.
    if (boost::json::serialize(found->value())
        != boost::json::serialize(member.value()))
      return "a member's value was changed";
  }
  const auto& source
    = after.at(members.name(logic::OutputMember::source)).as_object();
  if (source.at("topic").as_string() != "user\"login"
      || source.at("offset").as_int64() != 42)
    return "the source is not this record";
  return {};
}

bool is_one_of(const std::vector<std::string>& lower_values,
               std::string_view text) {
  return std::ranges::find(lower_values, logic::lower_case(text))
         != lower_values.end();
}

/// What `event.outcome` says, by the document's tree. The lists hold no
/// numbers, so none means anything.
logic::LoginStatus outcome_in(const boost::json::object& event,
                              const logic::OutcomeConfig& config) {
  const auto* found = event.if_contains("event.outcome");
  if (const auto* part = event.if_contains("event"); part && part->is_object())
    if (const auto* inside = part->get_object().if_contains("outcome"))
      found = inside;
  if (found == nullptr)
    return logic::LoginStatus::unknown;
  if (const auto* truth = found->if_bool())
    return *truth ? logic::LoginStatus::success : logic::LoginStatus::failure;
  const auto* text = found->if_string();
  if (text != nullptr && is_one_of(config.success_values, *text))
    return logic::LoginStatus::success;
  if (text != nullptr && is_one_of(config.failure_values, *text))
    return logic::LoginStatus::failure;
  return logic::LoginStatus::unknown;
}

std::string check_output(const Codec& codec, const Outcome& outcome,
                         std::string_view value) {
  const auto before = reference_parse(without_mark(value));
  const auto after = reference_parse(outcome.output());
  if (!before || !before->is_object())
    return "an event was made of what is no object";
  if (!after || !after->is_object())
    return "the output is no JSON object";
  if (logic::find_invalid_utf8(outcome.output()) != std::string_view::npos)
    return "the output is no UTF-8";
  const auto& event = outcome.validated->events.front();
  if (!outcome.output().starts_with(kept_bytes(outcome, value))
      || !outcome.output().ends_with(value.substr(event.closing_brace)))
    return "the output does not hold the record's bytes";
  if (!codec.outcome_config().member.empty()
      && event.status
           != outcome_in(before->get_object(), codec.outcome_config()))
    return "the login's outcome was misread";
  return check_members(codec.members(), before->get_object(),
                       after->get_object());
}

std::string check_repeat(Codec& codec, const Outcome& first) {
  const auto second = codec.run(first.output());
  if (second.dead())
    return "an output is rejected when read again";
  if (second.validated->events.front().cut_count != logic::output_member_count)
    return "an output does not hold each of our members once";
  const auto third = codec.run(second.output());
  if (third.dead() || third.output() != second.output())
    return "an output changes when read again";
  return {};
}

std::string violated_property(Codec& codec, std::string_view value) {
  const auto outcome = codec.run(value);
  const auto& validated = *outcome.validated;
  if (validated.events.size() + validated.rejections.size() != 1
      || outcome.encoded->records.size() != 1)
    return "not exactly one outcome";
  if (outcome.dead())
    return check_dead(outcome, value);
  if (auto violated = check_output(codec, outcome, value); !violated.empty())
    return violated;
  return check_repeat(codec, outcome);
}

/// All that can be configured, at once.
Codec make_configured() {
  logic::ValidationConfig validation;
  validation.address_forms = {"port",  "list", "zone",   "blanks",
                              "empty", "dash", "unknown"};
  validation.required_fields = {"user_id", "event"};
  logic::OutcomeConfig outcome;
  outcome.member = "event.outcome";
  return Codec{validation, outcome, "my_"};
}

} // namespace

std::string violated_property(std::string_view value) {
  static Codec usual{{}, {}, {}};
  static Codec configured = make_configured();
  if (auto violated = violated_property(usual, value); !violated.empty())
    return violated;
  auto violated = violated_property(configured, value);
  return violated.empty() ? violated : "as configured: " + violated;
}

} // namespace millrace::tests
