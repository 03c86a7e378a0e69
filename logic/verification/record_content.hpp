#pragma once

#include "logic/records/output_members.hpp"
#include "logic/records/record_batch.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::logic::verification {

/// One member of a JSON object as it stands in the text.
struct RawMember {
  std::string_view name; ///< between the quotes, escapes as they are
  std::string_view value; ///< without blanks around it
  std::string_view whole; ///< from the name's quote to the value's end
};

/// Walks the members of a JSON object's top level without building anything.
/// Trusts what is nested: only quotes and brackets are followed there.
class MemberWalk {
public:
  /// A byte order mark and blanks around the object are passed over.
  explicit MemberWalk(std::string_view text) noexcept;

  /// False at the end, or where the text is no object.
  bool next(RawMember& member) noexcept;

  /// After `next` has returned false: the text was an object to the end.
  bool complete() const noexcept { return complete_; }

private:
  bool take(char token) noexcept;
  void skip_blanks() noexcept;
  bool skip_string() noexcept;
  bool skip_value() noexcept;

  std::string_view text_;
  std::size_t position_ = 0;
  bool open_ = false;
  bool first_ = true;
  bool complete_ = false;
};

/// What an input and its output must have in common, and what sets the
/// output apart.
struct EventContent {
  /// Of key and members in their order, but for the added ones; XXH3 folded
  /// to 32 bits. Nothing where the value is no object.
  std::optional<std::uint32_t> hash;
  /// An added member occurs twice. An input may do so, an output may not.
  bool repeats_added = false;
  /// The raw value of the member `source`; the last one where repeated.
  std::optional<std::string_view> source;
};

EventContent read_content(const RecordView& record,
                          const OutputMembers& added_members);

/// Of key and value, byte for byte, null told from empty.
std::uint32_t hash_bytes(const RecordView& record) noexcept;

/// Whether a dead letter is that input, untouched but for a key that the node
/// made up because there was none.
bool repeats(const RecordView& record, std::uint32_t input_hash);

/// Whether a dead letter stands for an input of that hash by the digest of its
/// value alone. A header that an input brought along proves nothing where the
/// record has its value.
bool refers_to(const RecordView& record, std::uint32_t input_hash);

/// Whether the text is one JSON document (RFC 8259), at most 1,000 deep.
bool is_json(std::string_view text);

} // namespace millrace::logic::verification
