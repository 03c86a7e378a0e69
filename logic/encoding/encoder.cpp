#include "logic/encoding/encoder.hpp"

#include "logic/encoding/encoder_judgements.hpp"
#include "logic/encoding/encoder_members.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

namespace millrace::logic {

namespace {

/// Copies the value up to the event's closing brace, without the cuts.
char* write_kept(char* to, std::string_view value, const LoginEvent& event,
                 const ByteRange* cuts) {
  std::size_t begin = 0;
  for (const auto* cut = cuts; cut != cuts + event.cut_count; ++cut) {
    to = write_text(to, value.substr(begin, cut->begin - begin));
    begin = cut->end;
  }
  return write_text(to, value.substr(begin, event.closing_brace - begin));
}

void append_dead(EncodedBatch& encoded, std::uint32_t record, Reason reason,
                 std::string detail) {
  EncodedRecord dead;
  dead.record = record;
  dead.dead = true;
  dead.reason = reason;
  dead.detail = static_cast<std::uint32_t>(encoded.details.size());
  encoded.details.push_back(std::move(detail));
  encoded.records.push_back(dead);
}

} // namespace

bool fits(const EnrichedBatch& batch,
          std::span<const ShardJudgementsPtr> judgements,
          std::span<const MemberColumnPtr> columns) noexcept {
  const ValidatedBatch& validated = *batch.validated;
  const auto events = validated.events.size();
  if (batch.origins.size() != events
      || events + validated.rejections.size() != validated.raw->size())
    return false;
  std::size_t judged = 0;
  for (const auto& shard : judgements) {
    if (!shard || shard->events.size() != shard->judgements.size()
        || std::ranges::any_of(
          shard->events, [events](auto event) { return event >= events; }))
      return false;
    judged += shard->events.size();
  }
  for (const auto& column : columns)
    if (!column || column->values.size() != events)
      return false;
  return judgements.empty() || judged == events;
}

class Encoder::Writer {
public:
  explicit Writer(EncodingConfig config)
    : config_(std::move(config)), names_(config_.member_prefix),
      members_(OutputMembers{config_.member_prefix}),
      judgements_(OutputMembers{config_.member_prefix}) {}

  EncodedBatchPtr encode(const EnrichedBatch& batch,
                         std::span<const ShardJudgementsPtr> judgements,
                         std::int64_t now_ms,
                         std::span<const MemberColumnPtr> columns);

private:
  std::size_t bound_bytes(const EnrichedBatch& batch) const;
  char* write_event(char* to, const EnrichedBatch& batch, std::size_t index);
  std::size_t columns_bytes(std::size_t event) const;
  char* write_columns(char* to, std::size_t event) const;
  /// False where the output is too large and became a dead letter.
  bool append_output(EncodedBatch& encoded, std::uint32_t record,
                     std::size_t begin, std::size_t length) const;

  EncodingConfig config_;
  OutputMembers names_;
  MemberWriter members_;
  JudgementIndex judgements_;
  std::span<const MemberColumnPtr> columns_; ///< of the batch at hand
};

EncodedBatchPtr
Encoder::Writer::encode(const EnrichedBatch& batch,
                        std::span<const ShardJudgementsPtr> judgements,
                        std::int64_t now_ms,
                        std::span<const MemberColumnPtr> columns) {
  const ValidatedBatch& validated = *batch.validated;
  assert(batch.origins.size() == validated.events.size());
  auto encoded = std::make_shared<EncodedBatch>();
  encoded->raw = validated.raw;
  const std::size_t count = validated.raw->size();
  encoded->records.reserve(count);
  encoded->details.reserve(validated.rejections.size());
  members_.begin_batch(*validated.raw, now_ms, config_.provenance_in_member());
  judgements_.merge(validated.events.size(), judgements);
  columns_ = columns;
  encoded->bytes.resize(bound_bytes(batch));

  std::size_t used = 0;
  std::size_t event = 0;
  auto rejection = validated.rejections.begin();
  for (std::uint32_t record = 0; record != count; ++record) {
    if (rejection != validated.rejections.end()
        && rejection->record == record) {
      append_dead(*encoded, record, rejection->reason, rejection->detail);
      ++rejection;
      continue;
    }
    assert(event != validated.events.size()
           && validated.events[event].record == record);
    char* const begin = encoded->bytes.data() + used;
    const char* const end = write_event(begin, batch, event++);
    if (append_output(*encoded, record, used,
                      static_cast<std::size_t>(end - begin)))
      used += static_cast<std::size_t>(end - begin);
  }
  encoded->bytes.resize(used);
  return encoded;
}

std::size_t Encoder::Writer::bound_bytes(const EnrichedBatch& batch) const {
  const ValidatedBatch& validated = *batch.validated;
  std::size_t bytes = 0;
  for (std::size_t index = 0; index != validated.events.size(); ++index)
    bytes += (*validated.raw)[validated.events[index].record].value->size() + 1
             + members_.bound_bytes(batch.origins[index])
             + judgements_.bound_bytes(index) + columns_bytes(index);
  assert(bytes <= std::numeric_limits<std::uint32_t>::max());
  return bytes;
}

char* Encoder::Writer::write_event(char* to, const EnrichedBatch& batch,
                                   std::size_t index) {
  const ValidatedBatch& validated = *batch.validated;
  const LoginEvent& event = validated.events[index];
  const RecordView record = (*validated.raw)[event.record];
  to = write_kept(to, *record.value, event,
                  validated.cuts.data() + event.first_cut);
  if (event.has_members)
    *to++ = ',';
  to = members_.write_first(to, event, batch.origins[index]);
  to = judgements_.write(to, index);
  to = write_columns(to, index);
  to = members_.write_last(to, record.offset);
  return write_text(to, record.value->substr(event.closing_brace));
}

std::size_t Encoder::Writer::columns_bytes(std::size_t event) const {
  std::size_t bytes = 0;
  for (const auto& column : columns_)
    bytes += names_.lead_of(column->member).size()
             + column->values[event].size();
  return bytes;
}

char* Encoder::Writer::write_columns(char* to, std::size_t event) const {
  for (const auto& column : columns_) {
    if (column->values[event].empty())
      continue;
    to = write_text(to, names_.lead_of(column->member));
    to = write_text(to, column->values[event]);
  }
  return to;
}

bool Encoder::Writer::append_output(EncodedBatch& encoded, std::uint32_t record,
                                    std::size_t begin,
                                    std::size_t length) const {
  if (length > config_.max_value_bytes.bytes) {
    append_dead(encoded, record, Reason::output_too_large,
                "the enriched value has " + std::to_string(length)
                  + " bytes, the limit is "
                  + std::to_string(config_.max_value_bytes.bytes));
    return false;
  }
  EncodedRecord output;
  output.record = record;
  output.begin = static_cast<std::uint32_t>(begin);
  output.length = static_cast<std::uint32_t>(length);
  encoded.records.push_back(output);
  return true;
}

Encoder::Encoder(EncodingConfig config)
  : writer_(std::make_unique<Writer>(std::move(config))) {}

Encoder::~Encoder() = default;
Encoder::Encoder(Encoder&&) noexcept = default;
Encoder& Encoder::operator=(Encoder&&) noexcept = default;

EncodedBatchPtr Encoder::encode(const EnrichedBatch& batch,
                                std::span<const ShardJudgementsPtr> judgements,
                                std::int64_t now_ms,
                                std::span<const MemberColumnPtr> columns) {
  return writer_->encode(batch, judgements, now_ms, columns);
}

} // namespace millrace::logic
