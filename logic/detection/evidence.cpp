#include "logic/detection/evidence.hpp"

#include "logic/core/json_text.hpp"

#include <charconv>
#include <cmath>

namespace millrace::logic::detection {

namespace {

/// The letters come from a database file: they may be anything.
std::string letters_of(std::uint16_t country) {
  return {static_cast<char>(country >> 8), static_cast<char>(country & 0xFF)};
}

} // namespace

void append_number(std::string& text, double number, int decimals) {
  char digits[512]; // the longest double has 309 before the point
  const auto end = std::to_chars(digits, digits + sizeof digits,
                                 std::isfinite(number) ? number : 0.0,
                                 std::chars_format::fixed, decimals);
  text.append(digits, end.ptr);
}

std::string country_name(std::uint16_t country) {
  return country == 0 ? "an unknown country" : letters_of(country);
}

void EvidenceWriter::member(std::string_view name) {
  if (!json_.empty() && json_.back() != '{')
    json_ += ',';
  json_ += '"';
  json_ += name;
  json_ += "\":";
}

EvidenceWriter& EvidenceWriter::number(std::string_view name, double number,
                                       int decimals) {
  member(name);
  append_number(json_, number, decimals);
  return *this;
}

EvidenceWriter& EvidenceWriter::flag(std::string_view name, bool value) {
  member(name);
  json_ += value ? "true" : "false";
  return *this;
}

EvidenceWriter& EvidenceWriter::place(std::string_view name,
                                      const Place& place) {
  if (place.country == 0 && !place.located)
    return *this;
  member(name);
  json_ += '{';
  if (place.country != 0) {
    member("country");
    json_ += '"';
    append_json_escaped(json_, letters_of(place.country));
    json_ += '"';
  }
  if (place.located) {
    number("latitude", place.latitude, 2);
    number("longitude", place.longitude, 2);
  }
  json_ += '}';
  return *this;
}

} // namespace millrace::logic::detection
