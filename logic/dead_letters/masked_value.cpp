#include "logic/dead_letters/masked_value.hpp"

#include "logic/core/json_text.hpp"
#include "logic/validation/validator_fault.hpp"

#include <algorithm>
#include <array>

namespace millrace::logic {

namespace {

/// Members that say nothing of a person.
constexpr std::array<std::string_view, 6> open_members{
  "app_version", "device_type",  "locale",
  "timestamp",   "login_status", "success"};
constexpr std::string_view address_member = "ip";
constexpr std::string_view blanks = " \t\r\n";
constexpr std::string_view structure = "{}[]:,";
constexpr std::size_t longest_name_bytes = 64;
constexpr std::ptrdiff_t most_name_digits = 3;
constexpr std::string_view hex_digits = "0123456789abcdef";

/// Whether it can only be the name of a member, and not somebody's: ids have
/// more digits.
bool is_plain_name(std::string_view name) {
  const auto is_digit = [](char letter) {
    return letter >= '0' && letter <= '9';
  };
  const auto fits = [&](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z')
           || is_digit(letter) || letter == '_' || letter == '-'
           || letter == '.';
  };
  return !name.empty() && name.size() <= longest_name_bytes
         && std::ranges::all_of(name, fits)
         && std::ranges::count_if(name, is_digit) <= most_name_digits;
}

class Masking {
public:
  explicit Masking(std::string_view text) : left_(text) {}

  std::string run() {
    while (!left_.empty()) {
      const auto next = left_.front();
      if (next == '"')
        take_string();
      else if (blanks.find(next) != blanks.npos
               || structure.find(next) != structure.npos)
        take_structure(next);
      else
        take_word();
    }
    return std::move(masked_);
  }

private:
  void take_structure(char token) {
    if (token == ',')
      member_ = {};
    masked_ += token;
    left_.remove_prefix(1);
  }

  void take_string() {
    left_.remove_prefix(1);
    std::size_t end = 0;
    while (end < left_.size() && left_[end] != '"')
      end += left_[end] == '\\' ? 2 : 1;
    end = std::min(end, left_.size());
    const auto inside = left_.substr(0, end);
    left_.remove_prefix(std::min(end + 1, left_.size()));
    const auto behind = left_.find_first_not_of(blanks);
    if (behind != left_.npos && left_[behind] == ':' && is_plain_name(inside)) {
      member_ = inside;
      masked_.append(1, '"').append(inside).append(1, '"');
    } else {
      masked_ += shown(inside, exposure());
    }
  }

  void take_word() {
    const auto end = left_.find_first_of(" \t\r\n{}[]:,\"");
    const auto word = left_.substr(0, end);
    left_.remove_prefix(word.size());
    const bool is_json = word == "true" || word == "false" || word == "null";
    masked_ += is_json                        ? word
               : exposure() == Exposure::open ? word.substr(0, 32)
                                              : std::string_view{"***"};
  }

  Exposure exposure() const {
    if (std::ranges::find(open_members, member_) != open_members.end())
      return Exposure::open;
    return member_ == address_member ? Exposure::address : Exposure::personal;
  }

  std::string_view left_;
  std::string_view member_; ///< whose value comes
  std::string masked_;
};

} // namespace

bool is_plain_text(std::string_view bytes) noexcept {
  if (find_invalid_utf8(bytes) != bytes.npos)
    return false;
  while (!bytes.empty()) {
    const auto end = bytes.find_first_of("\t\r\n");
    if (has_control_character(bytes.substr(0, end)))
      return false;
    bytes.remove_prefix(end == bytes.npos ? bytes.size() : end + 1);
  }
  return true;
}

std::string masked_value(std::string_view text) {
  return Masking{text}.run();
}

std::string hex_lines(std::string_view bytes, std::string_view indent) {
  constexpr std::size_t width = 16;
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += width) {
    const auto line = bytes.substr(at, width);
    text += indent;
    for (int shift = 28; shift >= 0; shift -= 4)
      text += hex_digits[(at >> static_cast<unsigned>(shift)) & 0xFU];
    text += ' ';
    std::string ascii;
    for (std::size_t index = 0; index != width; ++index) {
      if (index >= line.size()) {
        text += "   ";
        continue;
      }
      const auto byte = static_cast<unsigned char>(line[index]);
      text.append(1, ' ').append(1, hex_digits[byte >> 4U]);
      text += hex_digits[byte & 0xFU];
      ascii += byte >= 0x20 && byte < 0x7F ? line[index] : '.';
    }
    text.append("  ").append(ascii).append(1, '\n');
  }
  return text;
}

} // namespace millrace::logic
