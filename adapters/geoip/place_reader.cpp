#include "adapters/geoip/place_reader.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::adapters::geoip {

namespace {

using logic::geo::DetailedPlace;

/// Longer names are cut; the longest real ones have about 90 bytes.
constexpr std::size_t max_name_bytes = 200;

std::string name_at(const MmdbData& data, std::size_t offset) {
  std::string_view text = data.text_at(offset).value_or(std::string_view{});
  if (text.size() > max_name_bytes) {
    std::size_t end = max_name_bytes;
    // Not inside a UTF-8 character.
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
      --end;
    text = text.substr(0, end);
  }
  return std::string{text};
}

/// Two letters, or nothing.
std::string country_code(std::string code) {
  if (code.size() != 2)
    return {};
  for (char& c : code) {
    if (c >= 'a' && c <= 'z')
      c = static_cast<char>(c - 'a' + 'A');
    if (c < 'A' || c > 'Z')
      return {};
  }
  return code;
}

/// From {"en": "Lisbon", ...}: English, else the first language there is.
std::string localized_name(const MmdbData& data, std::size_t names) {
  std::string english;
  std::string first;
  data.for_each_member(names,
                       [&](std::string_view language, std::size_t value) {
                         if (language == "en")
                           english = name_at(data, value);
                         else if (first.empty())
                           first = name_at(data, value);
                       });
  return english.empty() ? first : english;
}

/// A name as flat text, or nested as {"names": {...}, "iso_code": ".."}.
std::string name_of(const MmdbData& data, std::size_t offset) {
  const auto item = data.item_at(offset);
  if (!item)
    return {};
  if (item->type == MmdbType::text)
    return name_at(data, offset);
  std::string name;
  std::string code;
  data.for_each_member(offset, [&](std::string_view member, std::size_t value) {
    if (member == "names")
      name = localized_name(data, value);
    else if (member == "iso_code")
      code = name_at(data, value);
  });
  return name.empty() ? code : name;
}

std::string country_of(const MmdbData& data, std::size_t offset) {
  const auto item = data.item_at(offset);
  if (!item)
    return {};
  if (item->type == MmdbType::text)
    return country_code(name_at(data, offset));
  std::string code;
  data.for_each_member(offset, [&](std::string_view member, std::size_t value) {
    if (member == "iso_code")
      code = country_code(name_at(data, value));
  });
  return code;
}

/// A number, or text such as "64512" or "AS64512".
std::uint32_t asn_of(const MmdbData& data, std::size_t offset) {
  constexpr std::uint64_t limit = std::numeric_limits<std::uint32_t>::max();
  std::uint64_t number = 0;
  if (const auto value = data.unsigned_at(offset)) {
    number = *value;
  } else if (auto text = data.text_at(offset)) {
    if (text->starts_with("AS"))
      text->remove_prefix(2);
    const char* end = text->data() + text->size();
    if (std::from_chars(text->data(), end, number).ptr != end)
      return 0;
  }
  return number <= limit ? static_cast<std::uint32_t>(number) : 0;
}

struct Coordinates {
  std::optional<double> latitude;
  std::optional<double> longitude;

  void take(const MmdbData& data, std::string_view member, std::size_t value) {
    if (member == "latitude")
      latitude = data.number_at(value);
    else if (member == "longitude")
      longitude = data.number_at(value);
  }

  /// Comparisons with NaN are false. 0, 0 lies in the Gulf of Guinea; there
  /// it stands for "not known", and would look like impossible travel.
  bool known() const {
    return latitude && longitude && std::abs(*latitude) <= 90.0
           && std::abs(*longitude) <= 180.0
           && (*latitude != 0.0 || *longitude != 0.0);
  }
};

struct Record {
  std::string country;
  std::string region;
  std::string city;
  Coordinates coordinates;
  std::uint32_t asn = 0;
  std::string asn_organization;
};

Record read_record(const MmdbData& data, std::size_t offset) {
  Record record;
  data.for_each_member(offset, [&](std::string_view member, std::size_t value) {
    if (member == "country" || member == "country_code") {
      if (record.country.empty())
        record.country = country_of(data, value);
    } else if (member == "subdivisions") {
      // The first is the largest.
      const auto list = data.item_at(value);
      if (list && list->type == MmdbType::array && list->size > 0)
        record.region = name_of(data, list->payload);
    } else if (member == "state1" || member == "region") {
      record.region = name_of(data, value);
    } else if (member == "city") {
      record.city = name_of(data, value);
    } else if (member == "location") {
      data.for_each_member(value,
                           [&](std::string_view inner, std::size_t number) {
                             record.coordinates.take(data, inner, number);
                           });
    } else if (member == "latitude" || member == "longitude") {
      record.coordinates.take(data, member, value);
    } else if (member == "autonomous_system_number" || member == "asn") {
      record.asn = asn_of(data, value);
    } else if (member == "autonomous_system_organization"
               || member == "as_name") {
      record.asn_organization = name_at(data, value);
    }
  });
  return record;
}

} // namespace

void add_record(const MmdbData& data, std::size_t offset,
                DetailedPlace& place) {
  Record record = read_record(data, offset);
  const bool same_country = place.country.empty() || record.country.empty()
                            || place.country == record.country;
  if (same_country) {
    if (place.country.empty())
      place.country = std::move(record.country);
    if (place.region.empty())
      place.region = std::move(record.region);
    if (place.city.empty())
      place.city = std::move(record.city);
    if (!place.has_coordinates && record.coordinates.known()) {
      place.has_coordinates = true;
      place.latitude = *record.coordinates.latitude;
      place.longitude = *record.coordinates.longitude;
    }
  }
  // Number and name belong together.
  if (place.asn == 0 && place.asn_organization.empty()) {
    place.asn = record.asn;
    place.asn_organization = std::move(record.asn_organization);
  }
}

} // namespace millrace::adapters::geoip
