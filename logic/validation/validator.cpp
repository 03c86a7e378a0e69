#include "logic/validation/validator.hpp"

#include "logic/core/json_text.hpp"
#include "logic/validation/validator_cuts.hpp"
#include "logic/validation/validator_fault.hpp"
#include "logic/validation/validator_handler.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include <optional>
#include <string_view>
#include <utility>

namespace millrace::logic {

namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::string_view blanks = " \t\r\n";

std::string at_byte(std::size_t position) {
  return " at byte " + std::to_string(position);
}

/// Where and why the parser stopped.
struct Stop {
  boost::json::error_code code; ///< none where the document ended too early
  std::size_t position = 0; ///< in the value
  bool in_timestamp = false;
};

/// Whether the bytes before `position` are an escape of a leading surrogate,
/// perhaps with the backslash of another escape: where no trailing surrogate
/// follows, the parser just says that it expected something else.
bool follows_leading_surrogate(std::string_view value, std::size_t position) {
  constexpr std::size_t escape_bytes = 6; // \uD800
  if (position != 0 && value[position - 1] == '\\')
    --position;
  if (position < escape_bytes)
    return false;
  const std::size_t begin = position - escape_bytes;
  const std::string_view escape = value.substr(begin, escape_bytes);
  const bool leading = escape.starts_with("\\u")
                       && (escape[2] == 'd' || escape[2] == 'D')
                       && std::string_view{"89abAB"}.find(escape[3])
                            != std::string_view::npos;
  // An even number of backslashes up to here would make it plain text.
  const std::size_t other = value.find_last_not_of('\\', begin);
  return leading && (begin - other) % 2 == 1;
}

Fault fault_of(std::string_view value, const Stop& stop) {
  using boost::json::error;
  // The parser sees bad UTF-8 inside texts only, and calls it a syntax error.
  if (const auto position = find_invalid_utf8(value);
      position != std::string_view::npos)
    return {Reason::invalid_utf8, "no UTF-8" + at_byte(position)};
  if (!stop.code)
    return {Reason::not_json,
            "more text behind the document" + at_byte(stop.position)};
  if (stop.code == error::too_deep)
    return {Reason::too_deep, "nested too deep" + at_byte(stop.position)};
  if (stop.code == error::illegal_leading_surrogate
      || stop.code == error::illegal_trailing_surrogate
      || stop.code == error::expected_utf16_escape
      || follows_leading_surrogate(value, stop.position))
    return {Reason::invalid_utf8,
            "an escape of half a surrogate pair" + at_byte(stop.position)};
  if (stop.code == error::exponent_overflow && stop.in_timestamp)
    return {Reason::invalid_timestamp,
            "\"timestamp\" is no whole number of Unix seconds"};
  if (stop.code == error::exponent_overflow)
    return {Reason::not_json,
            "a number's exponent is out of range" + at_byte(stop.position)};
  if (stop.code == error::incomplete)
    return {Reason::not_json,
            "the document is cut short" + at_byte(value.size())};
  return {Reason::not_json, "no JSON" + at_byte(stop.position)};
}

} // namespace

class Validator::Parser {
public:
  Parser(ValidationConfig config, OutcomeConfig outcome, OutputMembers members)
    : parser_(options(config), std::move(config), std::move(outcome),
              std::move(members)) {}

  ValidatedBatchPtr validate(RecordBatchPtr raw, std::int64_t now_ms);

private:
  static boost::json::parse_options options(const ValidationConfig& config) {
    boost::json::parse_options options;
    options.max_depth = static_cast<std::size_t>(config.max_depth);
    return options;
  }

  std::optional<Fault> take_record(const RecordView& record, LoginEvent& event,
                                   ValidatedBatch& batch);
  std::optional<Fault> parse(std::string_view value, std::size_t begin,
                             LoginEvent& event);
  void note_splices(std::string_view value, std::uint32_t begin,
                    LoginEvent& event, ValidatedBatch& batch);

  EventHandler& handler() { return parser_.handler(); }

  boost::json::basic_parser<EventHandler> parser_;
};

ValidatedBatchPtr Validator::Parser::validate(RecordBatchPtr raw,
                                              std::int64_t now_ms) {
  auto batch = std::make_shared<ValidatedBatch>();
  batch->events.reserve(raw->size());
  handler().begin_batch(*batch, now_ms);
  const auto count = static_cast<std::uint32_t>(raw->size());
  for (std::uint32_t index = 0; index != count; ++index) {
    const auto unescaped_before = batch->unescaped.size();
    // There is room for all, so the event stays where it is.
    LoginEvent& event = batch->events.emplace_back();
    event.record = index;
    if (auto fault = take_record((*raw)[index], event, *batch)) {
      batch->events.pop_back();
      batch->unescaped.resize(unescaped_before);
      batch->rejections.push_back(
        {index, fault->reason, std::move(fault->detail)});
    }
  }
  batch->raw = std::move(raw);
  return batch;
}

std::optional<Fault> Validator::Parser::take_record(const RecordView& record,
                                                    LoginEvent& event,
                                                    ValidatedBatch& batch) {
  if (!record.value)
    return Fault{Reason::tombstone, "the record has a null value"};
  const std::string_view value = *record.value;
  if (const auto limit = handler().config().max_value_bytes.bytes;
      value.size() > limit)
    return Fault{Reason::too_large,
                 "the value has " + std::to_string(value.size())
                   + " bytes, the limit is " + std::to_string(limit)};
  // RFC 8259, section 8.1, lets a parser ignore a byte order mark, and
  // forbids to write one: the output leaves it out.
  const std::size_t begin = value.starts_with(byte_order_mark)
                              ? byte_order_mark.size()
                              : 0;
  if (auto fault = parse(value, begin, event))
    return fault;
  if (auto fault = handler().finish_record(record.timestamp_ms))
    return fault;
  note_splices(value, static_cast<std::uint32_t>(begin), event, batch);
  return std::nullopt;
}

std::optional<Fault> Validator::Parser::parse(std::string_view value,
                                              std::size_t begin,
                                              LoginEvent& event) {
  const std::string_view document = value.substr(begin);
  Stop stop;
  parser_.reset();
  handler().begin_record(document, event);
  const std::size_t used = parser_.write_some(false, document.data(),
                                              document.size(), stop.code);
  if (!stop.code && used == document.size())
    return std::nullopt;
  if (document.find_first_not_of(blanks) == std::string_view::npos)
    return Fault{Reason::empty_value, "the value is empty or blank"};
  stop.position = begin + used;
  stop.in_timestamp = handler().in_timestamp();
  return fault_of(value, stop);
}

void Validator::Parser::note_splices(std::string_view value,
                                     std::uint32_t begin, LoginEvent& event,
                                     ValidatedBatch& batch) {
  auto& cuts = batch.cuts;
  const auto replaced = handler().replaced_members();
  event.first_cut = static_cast<std::uint32_t>(cuts.size());
  if (begin != 0)
    cuts.push_back({0, begin});
  if (!replaced.empty()) {
    append_member_cuts(value, begin, replaced, cuts);
    for (std::size_t index = 0; index != output_member_count; ++index)
      batch.replaced[index] += handler().replaces(
                                 static_cast<OutputMember>(index))
                                 ? 1
                                 : 0;
  }
  event.cut_count = static_cast<std::uint32_t>(cuts.size()) - event.first_cut;
  // Only blanks can follow the root object's brace.
  event.closing_brace = static_cast<std::uint32_t>(value.rfind('}'));
  event.has_members = handler().member_count() != replaced.size();
}

Validator::Validator(ValidationConfig config, OutcomeConfig outcome,
                     OutputMembers members)
  : parser_(std::make_unique<Parser>(std::move(config), std::move(outcome),
                                     std::move(members))) {}

Validator::~Validator() = default;
Validator::Validator(Validator&&) noexcept = default;
Validator& Validator::operator=(Validator&&) noexcept = default;

ValidatedBatchPtr Validator::validate(RecordBatchPtr raw, std::int64_t now_ms) {
  return parser_->validate(std::move(raw), now_ms);
}

} // namespace millrace::logic
