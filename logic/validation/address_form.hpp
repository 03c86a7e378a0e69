#pragma once

#include "logic/geo/ip_address.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What programs write where an address belongs: with a port, as a list, or a
/// word for none.
namespace millrace::logic {

/// Forms that are no plain address. Their names are configuration.
enum class AddressForm : std::uint8_t {
  port, ///< 192.0.2.1:443, [2001:db8::1]:443, [2001:db8::1]
  list, ///< 192.0.2.1, 198.51.100.7: as in X-Forwarded-For, the client first
  zone, ///< fe80::1%eth0
  blanks, ///< around it
  empty,
  dash, ///< "-"
  unknown, ///< "unknown", "null", "none", "n/a", "undefined"; in any case
};

inline constexpr std::size_t address_form_count = 7;

/// "port", "list", "zone", "blanks", "empty", "dash", "unknown".
std::string_view to_string(AddressForm form) noexcept;

/// What a text turned out to be: an address, none, or refused.
struct AddressReading {
  std::optional<geo::IpAddress> address;
  bool absent = false; ///< it stands for no address
  /// Why it is refused, in words that follow `"ip"` and hold nothing of it;
  /// empty where it has no form that is known.
  std::string_view why;
};

/// Reads texts that are no plain address. Thread-safe.
class AddressForms {
public:
  /// The forms that are accepted; names that are none are passed over.
  explicit AddressForms(const std::vector<std::string>& accepted = {});

  AddressReading read(std::string_view text) const noexcept;

private:
  bool accepts(AddressForm form) const noexcept {
    return (accepted_ & (1U << static_cast<unsigned>(form))) != 0;
  }
  AddressReading as_absent(AddressForm form) const noexcept;

  std::uint32_t accepted_ = 0; ///< bit per AddressForm
};

} // namespace millrace::logic
