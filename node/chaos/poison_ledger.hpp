#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace millrace::node::chaos {

/// What became of records that were planted to be dead letters as poison.
struct PoisonTally {
  std::size_t planted = 0;
  std::size_t found = 0; ///< planted ones among the dead letters
  /// Dead letters with the reason poison that nobody planted.
  std::size_t innocent = 0;

  bool clean() const noexcept { return found == planted && innocent == 0; }
};

/// Tells by their values whether exactly the planted records died as poison.
class PoisonLedger {
public:
  /// The value of a record; no two are equal.
  void plant(std::string value);

  /// A dead letter with the reason poison; repeats do no harm.
  void find(std::string_view value);

  PoisonTally tally() const;

private:
  std::map<std::string, bool, std::less<>> planted_; ///< and whether found
  std::size_t innocent_ = 0;
};

/// Whether a record can be planted for that match: it must stand in a JSON
/// string as it is, so printable ASCII without double quotes and backslashes.
bool can_be_planted(std::string_view match) noexcept;

/// A login event with the match in a member of its own; `event` is a JSON
/// object with at least one member.
std::string poisoned(std::string_view event, std::string_view match);

} // namespace millrace::node::chaos
