#include "logic/encoding/encoder.hpp"

#include "logic/encoding/encoder_judgements.hpp"
#include "logic/encoding/encoder_members.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace millrace::logic {

namespace {

/// So many events ahead the cache lines of a place, and of its text, are asked
/// for: they were found long ago, all over the memory.
constexpr std::size_t place_lead = 16;
constexpr std::size_t text_lead = 8;
/// Records of a batch are a little longer than those of the one before.
constexpr std::size_t growth_slack = 16;

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
  static void prefetch(const EnrichedBatch& batch, std::size_t index) noexcept;
  /// What `write_event` writes at most.
  std::size_t bound_bytes(const EnrichedBatch& batch, std::size_t index) const;
  char* write_event(char* to, const EnrichedBatch& batch, std::size_t index);
  std::size_t columns_bytes(std::size_t event) const;
  char* write_columns(char* to, std::size_t event) const;
  /// As a dead letter where it is too large.
  void append_output(EncodedBatch& encoded, std::uint32_t record,
                     std::string_view value) const;
  void note_growth(const EncodedBatch& encoded);

  EncodingConfig config_;
  OutputMembers names_;
  MemberWriter members_;
  JudgementIndex judgements_;
  std::span<const MemberColumnPtr> columns_; ///< of the batch at hand
  std::vector<char> event_; ///< the output of the event at hand
  /// How much longer than its input a record of the last batch became.
  std::size_t growth_bytes_ = 0;
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
  encoded->bytes.reserve(validated.raw->payload_bytes()
                         + count * growth_bytes_);

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
    prefetch(batch, event);
    if (const auto bound = bound_bytes(batch, event); bound > event_.size())
      event_.resize(2 * bound);
    const char* const end = write_event(event_.data(), batch, event);
    append_output(*encoded, record, {event_.data(), end});
    ++event;
  }
  note_growth(*encoded);
  return encoded;
}

void Encoder::Writer::prefetch(const EnrichedBatch& batch,
                               std::size_t index) noexcept {
  const auto& origins = batch.origins;
  if (index + place_lead < origins.size())
    __builtin_prefetch(origins[index + place_lead].place);
  if (index + text_lead < origins.size())
    if (const auto* place = origins[index + text_lead].place)
      __builtin_prefetch(place->json.data());
}

std::size_t Encoder::Writer::bound_bytes(const EnrichedBatch& batch,
                                         std::size_t index) const {
  const ValidatedBatch& validated = *batch.validated;
  return (*validated.raw)[validated.events[index].record].value->size() + 1
         + members_.bound_bytes(batch.origins[index])
         + judgements_.bound_bytes(index) + columns_bytes(index);
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

void Encoder::Writer::append_output(EncodedBatch& encoded, std::uint32_t record,
                                    std::string_view value) const {
  if (value.size() > config_.max_value_bytes.bytes) {
    append_dead(encoded, record, Reason::output_too_large,
                "the enriched value has " + std::to_string(value.size())
                  + " bytes, the limit is "
                  + std::to_string(config_.max_value_bytes.bytes));
    return;
  }
  EncodedRecord output;
  output.record = record;
  output.begin = static_cast<std::uint32_t>(encoded.bytes.size());
  output.length = static_cast<std::uint32_t>(value.size());
  encoded.records.push_back(output);
  encoded.bytes += value;
}

/// The next batch is most likely alike; a little more saves moving it.
void Encoder::Writer::note_growth(const EncodedBatch& encoded) {
  if (encoded.records.empty())
    return;
  const auto before = encoded.raw->payload_bytes();
  const auto grown = encoded.bytes.size() > before
                       ? encoded.bytes.size() - before
                       : 0;
  growth_bytes_ = grown / encoded.records.size() + growth_slack;
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
