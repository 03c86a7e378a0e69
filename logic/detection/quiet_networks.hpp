#pragma once

#include "logic/core/result.hpp"
#include "logic/geo/ip_address.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

namespace millrace::logic::detection {

/// Networks and autonomous systems of VPN, hosting and relay: an address among
/// them says nothing of where its user is. Built by `add` and `seal`, then only
/// read; reading is safe from any thread.
class QuietNetworks {
public:
  /// Whether an entry of the setting names a file: it neither begins with a
  /// digit, nor holds a colon, nor is `AS` and a number. A prefix `file:` says
  /// so in any case.
  static bool is_file(std::string_view entry) noexcept;

  /// The entry without the prefix `file:`.
  static std::string_view path_of(std::string_view entry) noexcept;

  /// Adds `192.0.2.0/24`, `2001:db8::/32`, a single address, or `AS64512` (in
  /// any case). Bits behind the prefix are ignored. `invalid_argument` names
  /// the entry otherwise.
  Result<void> add(std::string_view entry);

  /// Adds the lines of a file. Empty ones are passed over, and what follows a
  /// `#` or `;`, or a blank behind the entry; so is a byte order mark. An error
  /// names the line.
  Result<void> add_lines(std::string_view text);

  /// Sorts what was added; to be called before `contains`.
  void seal();

  /// An `asn` of 0 is unknown.
  bool contains(const geo::IpAddress& address,
                std::uint32_t asn) const noexcept;

  /// Entries, equal and overlapping ones counted once after `seal`.
  std::size_t size() const noexcept {
    return v4_.size() + v6_.size() + systems_.size();
  }

private:
  /// First and last address; the same order as the addresses'.
  template <class Number>
  struct Range {
    Number first{};
    Number last{};
  };
  using V6 = std::array<std::uint64_t, 2>;

  Result<void> add_network(std::string_view entry);

  std::vector<Range<std::uint32_t>> v4_;
  std::vector<Range<V6>> v6_;
  std::vector<std::uint32_t> systems_;
};

/// The list as it stands now, which may be another one at the next call; never
/// null. Safe from any thread.
using QuietNetworksSource
  = std::function<std::shared_ptr<const QuietNetworks>()>;

} // namespace millrace::logic::detection
