#include "logic/encoding/encoder_members.hpp"

#include "logic/core/json_text.hpp"

#include <algorithm>
#include <cassert>
#include <charconv>

namespace millrace::logic {

namespace {

constexpr std::size_t max_offset_bytes = 20;

/// Whether a place says anything: "{}" does not.
bool says_something(const geo::Place* place) noexcept {
  return place != nullptr && place->json.size() > 2;
}

} // namespace

MemberWriter::MemberWriter(const OutputMembers& members) : members_(members) {
  for (std::size_t index = 1; index != class_count; ++index) {
    auto& member = classes_[index];
    member = members_.lead_of(OutputMember::ip_class);
    member += '"';
    member += geo::to_string(static_cast<geo::AddressClass>(index));
    member += '"';
  }
}

void MemberWriter::begin_batch(const RecordBatch& raw, std::int64_t now_ms,
                               bool with_source) {
  char time[max_time_bytes];
  const char* end = formatter_.write_milliseconds(
    time, std::clamp(now_ms, std::int64_t{0}, max_event_time_ms));
  // The first of all: the comma in front is not its own.
  processed_at_ = members_.lead_of(OutputMember::processed_at).substr(1);
  processed_at_ += '"';
  processed_at_.append(time, static_cast<std::size_t>(end - time));
  processed_at_ += '"';
  source_.clear();
  if (!with_source)
    return;
  source_ = members_.lead_of(OutputMember::source);
  source_ += R"({"topic":")";
  append_json_escaped(source_, raw.topic());
  source_ += R"(","partition":)";
  source_ += std::to_string(raw.partition().value);
  source_ += R"(,"offset":)";
}

std::size_t MemberWriter::bound_bytes(const Origin& origin) const noexcept {
  const auto address_class = static_cast<std::size_t>(origin.address_class);
  assert(address_class < class_count);
  std::size_t bytes = processed_at_.size()
                      + members_.lead_of(OutputMember::event_time).size()
                      + max_time_bytes + 2 + classes_[address_class].size()
                      + source_.size() + max_offset_bytes + 1;
  if (says_something(origin.place))
    bytes += members_.lead_of(OutputMember::geo).size()
             + origin.place->json.size();
  return bytes;
}

char* MemberWriter::write_first(char* to, const LoginEvent& event,
                                const Origin& origin) {
  to = write_text(to, processed_at_);
  if (event.event_time_ms >= 0) {
    to = write_text(to, members_.lead_of(OutputMember::event_time));
    *to++ = '"';
    to = formatter_.write(to, event.event_time_ms);
    *to++ = '"';
  }
  to = write_text(to, classes_[static_cast<std::size_t>(origin.address_class)]);
  if (says_something(origin.place)) {
    to = write_text(to, members_.lead_of(OutputMember::geo));
    to = write_text(to, origin.place->json);
  }
  return to;
}

char* MemberWriter::write_last(char* to, Offset offset) const noexcept {
  if (source_.empty())
    return to;
  to = write_text(to, source_);
  to = std::to_chars(to, to + max_offset_bytes, offset.value).ptr;
  *to++ = '}';
  return to;
}

} // namespace millrace::logic
