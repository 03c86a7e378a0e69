#include "logic/records/output_members.hpp"

#include <cassert>

namespace millrace::logic {

namespace {

constexpr std::size_t max_prefix_bytes = 32;
constexpr std::string_view prefix_letters
  = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.@$";

} // namespace

bool is_member_prefix(std::string_view prefix) noexcept {
  return prefix.size() <= max_prefix_bytes
         && prefix.find_first_not_of(prefix_letters) == std::string_view::npos;
}

OutputMembers::OutputMembers(std::string_view prefix) : prefix_(prefix) {
  assert(is_member_prefix(prefix));
  for (std::size_t index = 0; index != output_member_count; ++index)
    leads_[index]
      .append(",\"")
      .append(prefix)
      .append(output_member_names[index])
      .append("\":");
}

} // namespace millrace::logic
