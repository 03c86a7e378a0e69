#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace millrace::logic::detection {

/// Appends a number with so many decimals; what is not finite as 0.
void append_number(std::string& text, double number, int decimals);

/// "PT", or "an unknown country" for 0; see `pack_country`.
std::string country_name(std::uint16_t country);

/// Appends members of a JSON object to a text: `"a":1,"b":2`. Names are
/// constants that need no escaping.
class EvidenceWriter {
public:
  explicit EvidenceWriter(std::string& json) : json_(json) {}

  EvidenceWriter& number(std::string_view name, double number,
                         int decimals = 0);
  EvidenceWriter& flag(std::string_view name, bool value);
  /// `"from":{"country":"PT","latitude":38.7,"longitude":-9.1}`; the members
  /// that are unknown are left out, and the whole where none is known.
  struct Place {
    std::uint16_t country = 0;
    bool located = false;
    float latitude = 0.0F; ///< degrees
    float longitude = 0.0F; ///< degrees
  };
  EvidenceWriter& place(std::string_view name, const Place& place);

private:
  void member(std::string_view name);

  std::string& json_;
};

} // namespace millrace::logic::detection
