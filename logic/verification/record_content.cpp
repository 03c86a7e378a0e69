#include "logic/verification/record_content.hpp"

#include "logic/records/provenance.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse.hpp>

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace millrace::logic::verification {

namespace {

constexpr std::uint64_t null_seed = 0x6E756C6C;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

std::uint64_t hash_text(std::string_view text, std::uint64_t seed) noexcept {
  return XXH3_64bits_withSeed(text.data(), text.size(), seed);
}

std::uint64_t hash_piece(const std::optional<std::string_view>& piece,
                         std::uint64_t seed) noexcept {
  return piece ? hash_text(*piece, seed) : seed ^ null_seed;
}

std::uint32_t fold(std::uint64_t hash) noexcept {
  return static_cast<std::uint32_t>(hash ^ (hash >> 32));
}

std::uint64_t digest_of(const std::optional<std::string_view>& piece) noexcept {
  return piece ? omit(*piece).digest : null_seed;
}

std::uint32_t combine(std::uint64_t key, std::uint64_t value) noexcept {
  const std::array digests{key, value};
  return fold(XXH3_64bits(digests.data(), sizeof(digests)));
}

/// The member's name as a reader of the JSON sees it.
std::string unescaped(std::string_view name) {
  std::string quoted{'"'};
  quoted.append(name).append(1, '"');
  boost::json::error_code error;
  const auto parsed = boost::json::parse(quoted, error);
  if (error || !parsed.is_string())
    return std::string{name};
  return std::string{parsed.get_string()};
}

std::optional<OutputMember> find_added(std::string_view name,
                                       const OutputMembers& added) {
  return name.find('\\') == std::string_view::npos
           ? added.find(name)
           : added.find(unescaped(name));
}

/// Takes note of nothing: the parser alone covers.
struct SilentHandler {
  static constexpr std::size_t max_object_size = SIZE_MAX;
  static constexpr std::size_t max_array_size = SIZE_MAX;
  static constexpr std::size_t max_key_size = SIZE_MAX;
  static constexpr std::size_t max_string_size = SIZE_MAX;
  using error_code = boost::json::error_code;
  using text = boost::json::string_view;

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) { return true; }
  bool on_object_end(std::size_t, error_code&) { return true; }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(std::size_t, error_code&) { return true; }
  bool on_key_part(text, std::size_t, error_code&) { return true; }
  bool on_key(text, std::size_t, error_code&) { return true; }
  bool on_string_part(text, std::size_t, error_code&) { return true; }
  bool on_string(text, std::size_t, error_code&) { return true; }
  bool on_number_part(text, error_code&) { return true; }
  bool on_int64(std::int64_t, text, error_code&) { return true; }
  bool on_uint64(std::uint64_t, text, error_code&) { return true; }
  bool on_double(double, text, error_code&) { return true; }
  bool on_bool(bool, error_code&) { return true; }
  bool on_null(error_code&) { return true; }
  bool on_comment_part(text, error_code&) { return true; }
  bool on_comment(text, error_code&) { return true; }
};

} // namespace

MemberWalk::MemberWalk(std::string_view text) noexcept : text_(text) {
  if (text_.starts_with(byte_order_mark))
    position_ = byte_order_mark.size();
  open_ = take('{');
}

bool MemberWalk::next(RawMember& member) noexcept {
  if (!open_)
    return false;
  if (take('}')) {
    open_ = false;
    skip_blanks();
    complete_ = position_ == text_.size();
    return false;
  }
  open_ = false;
  if (!first_ && !take(','))
    return false;
  first_ = false;
  skip_blanks();
  const auto begin = position_;
  if (!skip_string())
    return false;
  member.name = text_.substr(begin + 1, position_ - begin - 2);
  if (!take(':'))
    return false;
  skip_blanks();
  const auto value = position_;
  if (!skip_value())
    return false;
  member.value = text_.substr(value, position_ - value);
  member.whole = text_.substr(begin, position_ - begin);
  open_ = true;
  return true;
}

bool MemberWalk::take(char token) noexcept {
  skip_blanks();
  if (position_ == text_.size() || text_[position_] != token)
    return false;
  ++position_;
  return true;
}

void MemberWalk::skip_blanks() noexcept {
  while (position_ != text_.size()
         && (text_[position_] == ' ' || text_[position_] == '\n'
             || text_[position_] == '\t' || text_[position_] == '\r'))
    ++position_;
}

bool MemberWalk::skip_string() noexcept {
  if (position_ == text_.size() || text_[position_] != '"')
    return false;
  ++position_;
  for (; position_ < text_.size(); ++position_) {
    if (text_[position_] == '\\')
      ++position_;
    else if (text_[position_] == '"') {
      ++position_;
      return true;
    }
  }
  position_ = text_.size();
  return false;
}

bool MemberWalk::skip_value() noexcept {
  const auto begin = position_;
  std::size_t depth = 0;
  while (position_ != text_.size()) {
    const char token = text_[position_];
    if (token == '"') {
      if (!skip_string())
        return false;
      if (depth == 0)
        return true;
      continue;
    }
    const bool closes = token == '}' || token == ']';
    const bool ends = closes || token == ',' || token == ' ' || token == '\n'
                      || token == '\t' || token == '\r';
    if (depth == 0 && ends)
      return position_ != begin;
    ++position_;
    if (token == '{' || token == '[')
      ++depth;
    else if (closes && --depth == 0)
      return true;
  }
  return false;
}

EventContent read_content(const RecordView& record,
                          const OutputMembers& added_members) {
  EventContent content;
  if (!record.value)
    return content;
  std::uint64_t hash = hash_piece(record.key, 0);
  std::uint32_t seen = 0;
  MemberWalk walk{*record.value};
  RawMember member;
  while (walk.next(member)) {
    const auto added = find_added(member.name, added_members);
    if (!added) {
      hash = hash_text(member.whole, hash);
      continue;
    }
    const std::uint32_t bit = 1U << static_cast<unsigned>(*added);
    content.repeats_added = content.repeats_added || (seen & bit) != 0;
    seen |= bit;
    if (*added == OutputMember::source)
      content.source = member.value;
  }
  if (walk.complete())
    content.hash = fold(hash);
  return content;
}

std::uint32_t hash_bytes(const RecordView& record) noexcept {
  return combine(digest_of(record.key), digest_of(record.value));
}

namespace {

/// Without the key that the node made up, where it did.
RecordView without_place_key(const RecordView& record) {
  auto original = record;
  const auto source = read_provenance(record.headers);
  if (source && record.key && *record.key == place_key(*source))
    original.key.reset();
  return original;
}

} // namespace

bool repeats(const RecordView& record, std::uint32_t input_hash) {
  return hash_bytes(record) == input_hash
         || hash_bytes(without_place_key(record)) == input_hash;
}

bool refers_to(const RecordView& record, std::uint32_t input_hash) {
  if (record.value)
    return false;
  const auto note = read_dead_letter_note(record.headers);
  if (!note || !note->value)
    return false;
  const auto fits = [&](std::uint64_t key) {
    return combine(key, note->value->digest) == input_hash;
  };
  if (note->key)
    return fits(note->key->digest);
  return fits(digest_of(record.key))
         || fits(digest_of(without_place_key(record).key));
}

bool is_json(std::string_view text) {
  boost::json::parse_options options;
  options.max_depth = 1000;
  boost::json::basic_parser<SilentHandler> parser{options};
  boost::json::error_code error;
  if (text.starts_with(byte_order_mark))
    text.remove_prefix(byte_order_mark.size());
  const auto read = parser.write_some(false, text.data(), text.size(), error);
  return !error && read == text.size();
}

} // namespace millrace::logic::verification
