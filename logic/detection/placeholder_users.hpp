#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::logic::detection {

/// User ids that stand for nobody in particular, however they are written:
/// letter case (ASCII) and blanks around do not count. What a program writes
/// for "none" is `NULL` in one language and `None` in the next.
class PlaceholderUsers {
public:
  PlaceholderUsers() = default;
  explicit PlaceholderUsers(std::span<const std::string> words);

  /// A few nanoseconds for all other ids. Any thread.
  bool contains(std::string_view user_id) const noexcept;

private:
  std::vector<std::string> words_; ///< in lower case
  std::array<bool, 256> begins_{}; ///< with this byte, in either case
  std::size_t longest_ = 0;
};

} // namespace millrace::logic::detection
