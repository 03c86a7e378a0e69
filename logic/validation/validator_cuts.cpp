#include "logic/validation/validator_cuts.hpp"

#include <cassert>
#include <cstddef>

namespace millrace::logic {

namespace {

/// Walks the top-level members of a well-formed object. It checks nothing:
/// the parser has.
class MemberWalk {
public:
  MemberWalk(std::string_view value, std::size_t begin) : value_(value) {
    position_ = value.find('{', begin) + 1;
  }

  /// The next member, from its name's quote to the end of its value.
  ByteRange next() {
    skip_blanks();
    if (value_[position_] == ',') {
      ++position_;
      skip_blanks();
    }
    assert(value_[position_] == '"');
    ByteRange range;
    range.begin = static_cast<std::uint32_t>(position_);
    skip_string();
    skip_blanks();
    ++position_; // the colon
    skip_blanks();
    skip_value();
    range.end = static_cast<std::uint32_t>(position_);
    return range;
  }

  /// Where the next member begins, if there is one.
  bool find_next(std::uint32_t& begin) {
    skip_blanks();
    if (value_[position_] != ',')
      return false;
    ++position_;
    skip_blanks();
    begin = static_cast<std::uint32_t>(position_);
    return true;
  }

private:
  static bool is_blank(char character) {
    return character == ' ' || character == '\t' || character == '\n'
           || character == '\r';
  }

  void skip_blanks() {
    while (is_blank(value_[position_]))
      ++position_;
  }

  void skip_string() {
    for (++position_; value_[position_] != '"'; ++position_)
      if (value_[position_] == '\\')
        ++position_;
    ++position_;
  }

  void skip_value() {
    std::size_t depth = 0;
    do {
      switch (value_[position_]) {
        case '"':
          skip_string();
          break;
        case '{':
        case '[':
          ++depth;
          ++position_;
          break;
        case '}':
        case ']':
          --depth;
          ++position_;
          break;
        default:
          ++position_;
      }
    } while (depth != 0 || !ends_value(value_[position_]));
  }

  static bool ends_value(char character) {
    return character == ',' || character == '}' || is_blank(character);
  }

  std::string_view value_;
  std::size_t position_ = 0;
};

} // namespace

void append_member_cuts(std::string_view value, std::uint32_t begin,
                        std::span<const std::uint32_t> members,
                        std::vector<ByteRange>& cuts) {
  MemberWalk walk{value, begin};
  std::uint32_t position = 0;
  std::uint32_t kept_end = 0; // end of the last member that stays, 0 for none
  for (const std::uint32_t member : members) {
    for (; position != member; ++position)
      kept_end = walk.next().end;
    ByteRange cut = walk.next();
    ++position;
    // Behind a member that stays, the comma before goes too; otherwise the
    // comma after, where another member follows.
    if (kept_end != 0) {
      cut.begin = kept_end;
      kept_end = cut.end;
    } else {
      walk.find_next(cut.end);
    }
    cuts.push_back(cut);
  }
}

} // namespace millrace::logic
