#include "logic/geo/demo_cities.hpp"

#include <cstddef>

namespace millrace::logic::geo {

namespace {

constexpr std::uint32_t slash16(unsigned first, unsigned second) noexcept {
  return first << 24 | second << 16;
}

/// The first of the 16-bit numbers for private use, RFC 6996.
constexpr std::uint32_t private_asn = 64'512;

// The networks say nothing of who really holds them. They are public ones
// because an address outside the public space has no place.
constexpr DemoCity cities[] = {
  {"PT", "Lisbon", "Lisbon", 38.7223, -9.1393, slash16(62, 28), 16,
   0x2a0e'f000'0000'0000, private_asn + 0, "Example Net 1"},
  {"ES", "Madrid", "Madrid", 40.4168, -3.7038, slash16(80, 58), 16, 0,
   private_asn + 0, "Example Net 1"},
  {"ES", "Catalonia", "Barcelona", 41.3874, 2.1686, slash16(80, 59), 16, 0,
   private_asn + 0, "Example Net 1"},
  {"FR", "Île-de-France", "Paris", 48.8566, 2.3522, slash16(78, 112), 16,
   0x2a0e'f003'0000'0000, private_asn + 1, "Example Net 2"},
  {"FR", "Provence-Alpes-Côte d'Azur", "Marseille", 43.2965, 5.3698,
   slash16(78, 113), 20, 0, private_asn + 1, "Example Net 2"},
  {"GB", "England", "London", 51.5074, -0.1278, slash16(81, 104), 16, 0,
   private_asn + 1, "Example Net 2"},
  {"GB", "Scotland", "Edinburgh", 55.9533, -3.1883, slash16(81, 105), 20,
   0x2a0e'f006'0000'0000, private_asn + 2, "Example Net 3"},
  {"IE", "Leinster", "Dublin", 53.3498, -6.2603, slash16(86, 40), 16, 0,
   private_asn + 2, "Example Net 3"},
  {"NL", "North Holland", "Amsterdam", 52.3676, 4.9041, slash16(84, 24), 16, 0,
   private_asn + 2, "Example Net 3"},
  {"BE", "Brussels Capital", "Brussels", 50.8503, 4.3517, slash16(91, 176), 16,
   0x2a0e'f009'0000'0000, private_asn + 3, "Example Net 4"},
  {"DE", "Berlin", "Berlin", 52.52, 13.405, slash16(79, 192), 16, 0,
   private_asn + 3, "Example Net 4"},
  {"DE", "Bavaria", "Munich", 48.1351, 11.582, slash16(79, 193), 16, 0,
   private_asn + 3, "Example Net 4"},
  {"AT", "Vienna", "Vienna", 48.2082, 16.3738, slash16(77, 116), 16,
   0x2a0e'f00c'0000'0000, private_asn + 4, "Example Net 5"},
  {"CH", "Zurich", "Zürich", 47.3769, 8.5417, slash16(85, 0), 16, 0,
   private_asn + 4, "Example Net 5"},
  {"IT", "Lazio", "Rome", 41.9028, 12.4964, slash16(79, 40), 16, 0,
   private_asn + 4, "Example Net 5"},
  {"IT", "Lombardy", "Milan", 45.4642, 9.19, slash16(79, 41), 16,
   0x2a0e'f00f'0000'0000, private_asn + 5, "Example Net 6"},
  {"DK", "Capital Region", "Copenhagen", 55.6761, 12.5683, slash16(87, 48), 16,
   0, private_asn + 5, "Example Net 6"},
  {"SE", "Stockholm", "Stockholm", 59.3293, 18.0686, slash16(90, 224), 16, 0,
   private_asn + 5, "Example Net 6"},
  {"NO", "Oslo", "Oslo", 59.9139, 10.7522, slash16(84, 208), 16,
   0x2a0e'f012'0000'0000, private_asn + 6, "Example Net 7"},
  {"FI", "Uusimaa", "Helsinki", 60.1699, 24.9384, slash16(91, 152), 16, 0,
   private_asn + 6, "Example Net 7"},
  {"PL", "Mazovia", "Warsaw", 52.2297, 21.0122, slash16(83, 0), 16, 0,
   private_asn + 6, "Example Net 7"},
  {"CZ", "Prague", "Prague", 50.0755, 14.4378, slash16(89, 176), 16,
   0x2a0e'f015'0000'0000, private_asn + 7, "Example Net 8"},
  {"HU", "Budapest", "Budapest", 47.4979, 19.0402, slash16(84, 0), 16, 0,
   private_asn + 7, "Example Net 8"},
  {"RO", "Bucharest", "Bucharest", 44.4268, 26.1025, slash16(86, 120), 16, 0,
   private_asn + 7, "Example Net 8"},
  {"GR", "Attica", "Athens", 37.9838, 23.7275, slash16(94, 64), 16,
   0x2a0e'f018'0000'0000, private_asn + 8, "Example Net 9"},
  {"UA", "Kyiv City", "Kyiv", 50.4501, 30.5234, slash16(93, 72), 16, 0,
   private_asn + 8, "Example Net 9"},
  {"TR", "Istanbul", "Istanbul", 41.0082, 28.9784, slash16(88, 224), 16, 0,
   private_asn + 8, "Example Net 9"},
  {"US", "New York", "New York", 40.7128, -74.006, slash16(24, 168), 16,
   0x2a0e'f01b'0000'0000, private_asn + 9, "Example Net 10"},
  {"US", "California", "Los Angeles", 34.0522, -118.2437, slash16(66, 74), 16,
   0, private_asn + 9, "Example Net 10"},
  {"US", "California", "San Francisco", 37.7749, -122.4194, slash16(67, 160),
   16, 0, private_asn + 9, "Example Net 10"},
  {"US", "Illinois", "Chicago", 41.8781, -87.6298, slash16(68, 20), 16,
   0x2a0e'f01e'0000'0000, private_asn + 10, "Example Net 11"},
  {"US", "Texas", "Houston", 29.7604, -95.3698, slash16(70, 112), 16, 0,
   private_asn + 10, "Example Net 11"},
  {"US", "Washington", "Seattle", 47.6062, -122.3321, slash16(71, 32), 16, 0,
   private_asn + 10, "Example Net 11"},
  {"US", "Florida", "Miami", 25.7617, -80.1918, slash16(72, 144), 16,
   0x2a0e'f021'0000'0000, private_asn + 11, "Example Net 12"},
  {"CA", "Ontario", "Toronto", 43.6532, -79.3832, slash16(99, 224), 16, 0,
   private_asn + 11, "Example Net 12"},
  {"CA", "British Columbia", "Vancouver", 49.2827, -123.1207, slash16(96, 48),
   16, 0, private_asn + 11, "Example Net 12"},
  {"MX", "Mexico City", "Mexico City", 19.4326, -99.1332, slash16(187, 188), 16,
   0x2a0e'f024'0000'0000, private_asn + 12, "Example Net 13"},
  {"CO", "Bogotá D.C.", "Bogotá", 4.711, -74.0721, slash16(186, 28), 16, 0,
   private_asn + 12, "Example Net 13"},
  {"PE", "Lima", "Lima", -12.0464, -77.0428, slash16(190, 232), 16, 0,
   private_asn + 12, "Example Net 13"},
  {"CL", "Santiago Metropolitan", "Santiago", -33.4489, -70.6693,
   slash16(190, 160), 16, 0x2a0e'f027'0000'0000, private_asn + 13,
   "Example Net 14"},
  {"AR", "Buenos Aires City", "Buenos Aires", -34.6037, -58.3816,
   slash16(181, 44), 16, 0, private_asn + 13, "Example Net 14"},
  {"BR", "São Paulo", "São Paulo", -23.5505, -46.6333, slash16(177, 32), 16, 0,
   private_asn + 13, "Example Net 14"},
  {"BR", "Rio de Janeiro", "Rio de Janeiro", -22.9068, -43.1729,
   slash16(177, 33), 16, 0x2a0e'f02a'0000'0000, private_asn + 14,
   "Example Net 15"},
  {"MA", "Casablanca-Settat", "Casablanca", 33.5731, -7.5898, slash16(105, 152),
   16, 0, private_asn + 14, "Example Net 15"},
  {"EG", "Cairo", "Cairo", 30.0444, 31.2357, slash16(156, 192), 16, 0,
   private_asn + 14, "Example Net 15"},
  {"NG", "Lagos", "Lagos", 6.5244, 3.3792, slash16(105, 112), 16,
   0x2a0e'f02d'0000'0000, private_asn + 15, "Example Net 16"},
  {"KE", "Nairobi", "Nairobi", -1.2921, 36.8219, slash16(105, 160), 16, 0,
   private_asn + 15, "Example Net 16"},
  {"ZA", "Gauteng", "Johannesburg", -26.2041, 28.0473, slash16(105, 224), 16, 0,
   private_asn + 15, "Example Net 16"},
  {"ZA", "Western Cape", "Cape Town", -33.9249, 18.4241, slash16(105, 225), 16,
   0x2a0e'f030'0000'0000, private_asn + 16, "Example Net 17"},
  {"IL", "Tel Aviv", "Tel Aviv", 32.0853, 34.7818, slash16(109, 64), 16, 0,
   private_asn + 16, "Example Net 17"},
  {"AE", "Dubai", "Dubai", 25.2048, 55.2708, slash16(94, 200), 16, 0,
   private_asn + 16, "Example Net 17"},
  {"IN", "Maharashtra", "Mumbai", 19.076, 72.8777, slash16(117, 192), 16,
   0x2a0e'f033'0000'0000, private_asn + 17, "Example Net 18"},
  {"IN", "Karnataka", "Bengaluru", 12.9716, 77.5946, slash16(117, 193), 16, 0,
   private_asn + 17, "Example Net 18"},
  {"TH", "Bangkok", "Bangkok", 13.7563, 100.5018, slash16(171, 96), 16, 0,
   private_asn + 17, "Example Net 18"},
  {"SG", "", "Singapore", 1.3521, 103.8198, slash16(119, 72), 16,
   0x2a0e'f036'0000'0000, private_asn + 18, "Example Net 19"},
  {"ID", "Jakarta", "Jakarta", -6.2088, 106.8456, slash16(114, 120), 16, 0,
   private_asn + 18, "Example Net 19"},
  {"PH", "Metro Manila", "Manila", 14.5995, 120.9842, slash16(112, 200), 16, 0,
   private_asn + 18, "Example Net 19"},
  {"CN", "Shanghai", "Shanghai", 31.2304, 121.4737, slash16(116, 224), 16,
   0x2a0e'f039'0000'0000, private_asn + 19, "Example Net 20"},
  {"KR", "Seoul", "Seoul", 37.5665, 126.978, slash16(121, 128), 16, 0,
   private_asn + 19, "Example Net 20"},
  {"JP", "Tokyo", "Tokyo", 35.6762, 139.6503, slash16(126, 64), 16, 0,
   private_asn + 19, "Example Net 20"},
  {"JP", "Osaka", "Osaka", 34.6937, 135.5023, slash16(126, 65), 16,
   0x2a0e'f03c'0000'0000, private_asn + 20, "Example Net 21"},
  {"AU", "New South Wales", "Sydney", -33.8688, 151.2093, slash16(120, 144), 16,
   0, private_asn + 20, "Example Net 21"},
  {"AU", "Western Australia", "Perth", -31.9523, 115.8613, slash16(120, 145),
   20, 0, private_asn + 20, "Example Net 21"},
  {"NZ", "Auckland", "Auckland", -36.8509, 174.7645, slash16(122, 56), 16,
   0x2a0e'f03f'0000'0000, private_asn + 21, "Example Net 22"},
  {"AQ", "", "McMurdo Station", -77.8419, 166.6863, slash16(157, 132), 20, 0,
   private_asn + 21, "Example Net 22"},
};

/// One step of SplitMix64 (Steele, Lea, Flood 2014): callers may pass small
/// or correlated numbers.
constexpr std::uint64_t mix(std::uint64_t number) noexcept {
  number += 0x9e37'79b9'7f4a'7c15ULL;
  number = (number ^ (number >> 30)) * 0xbf58'476d'1ce4'e5b9ULL;
  number = (number ^ (number >> 27)) * 0x94d0'49bb'1331'11ebULL;
  return number ^ (number >> 31);
}

void store(std::array<std::uint8_t, 16>& bytes, std::size_t at,
           std::uint64_t number, std::size_t count) noexcept {
  for (std::size_t i = 0; i < count; ++i)
    bytes[at + i] = static_cast<std::uint8_t>(number >> (8 * (count - 1 - i)));
}

} // namespace

std::span<const DemoCity> demo_cities() noexcept {
  return cities;
}

IpAddress demo_address(const DemoCity& city, std::uint64_t random) noexcept {
  const std::uint64_t hosts = (std::uint64_t{1} << (32 - city.prefix_v4)) - 2;
  const std::uint64_t host = 1 + mix(random) % hosts;
  IpAddress address;
  address.family = AddressFamily::v4;
  store(address.bytes, 0, city.network_v4 + host, 4);
  return address;
}

std::optional<IpAddress> demo_address_v6(const DemoCity& city,
                                         std::uint64_t random) noexcept {
  if (city.network_v6 == 0)
    return std::nullopt;
  const std::uint64_t host = mix(random);
  IpAddress address;
  address.family = AddressFamily::v6;
  store(address.bytes, 0, city.network_v6 | host >> 32, 8);
  store(address.bytes, 8, mix(host), 8);
  return address;
}

} // namespace millrace::logic::geo
