// Cost of one location lookup: libmaxminddb against the prefix tables.
//
//   geo [FILE.mmdb...]
//
// Without files it measures the demonstration's database with the
// demonstration's addresses; with files, random public v4 addresses (and, if
// a file answers for them, random v6 addresses under 2000::/3) on all of them
// together. CPU time of one thread, median of five rounds.

#include "adapters/geoip/demo_database.hpp"
#include "adapters/geoip/geo_database.hpp"
#include "logic/geo/address_class.hpp"
#include "logic/geo/demo_cities.hpp"

#include <maxminddb.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <random>
#include <string>
#include <vector>

namespace {

using millrace::adapters::geoip::GeoDatabase;
using millrace::adapters::geoip::GeoipConfig;
using millrace::logic::geo::AddressFamily;
using millrace::logic::geo::IpAddress;
using millrace::logic::geo::Place;
namespace geo = millrace::logic::geo;

constexpr std::size_t address_count = 200'000;
constexpr std::size_t batch_size = 1'000;
constexpr int rounds = 5;

using Addresses = std::vector<IpAddress>;

/// CPU time of this thread: others on the machine do not count.
double cpu_ns() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9
         + static_cast<double>(time.tv_nsec);
}

double median_ns(const std::function<void()>& round) {
  std::array<double, rounds> samples{};
  for (double& sample : samples) {
    const double begin = cpu_ns();
    round();
    sample = (cpu_ns() - begin) / static_cast<double>(address_count);
  }
  std::sort(samples.begin(), samples.end());
  return samples[rounds / 2];
}

void report(const char* what, double ns) {
  std::printf("%-52s %8.1f ns/address\n", what, ns);
}

Addresses demo_addresses() {
  std::mt19937_64 random{1};
  Addresses addresses(address_count);
  for (IpAddress& address : addresses) {
    const auto cities = geo::demo_cities();
    address = geo::demo_address(cities[random() % cities.size()], random());
  }
  return addresses;
}

Addresses random_addresses(AddressFamily family) {
  std::mt19937_64 random{2};
  Addresses addresses(address_count);
  for (IpAddress& address : addresses) {
    do {
      address = {};
      address.family = family;
      const std::size_t length = family == AddressFamily::v4 ? 4 : 16;
      for (std::size_t i = 0; i < length; ++i)
        address.bytes[i] = static_cast<std::uint8_t>(random());
      if (family == AddressFamily::v6)
        address.bytes[0] = 0x20 | (address.bytes[0] & 0x0f);
    } while (geo::classify(address) != geo::AddressClass::public_);
  }
  return addresses;
}

/// Keeps results from being optimised away.
std::size_t sink = 0;

void measure_tables(const GeoDatabase& database, const Addresses& addresses) {
  const auto lookup = database.make_lookup();
  std::vector<const Place*> places(batch_size);
  const auto round = [&] {
    for (std::size_t at = 0; at < address_count; at += batch_size) {
      const auto pin = lookup->locate({addresses.data() + at, batch_size},
                                      places);
      for (const Place* place : places)
        sink += place != nullptr;
    }
  };
  const double begin = cpu_ns();
  sink = 0;
  round();
  const double first = cpu_ns() - begin;
  std::printf("%zu of %zu addresses have a place\n", sink, address_count);
  report("prefix tables, first round (places are decoded)",
         first / static_cast<double>(address_count));
  report("prefix tables, places cached", median_ns(round));
}

void read_five_values(MMDB_entry_s entry) {
  MMDB_entry_data_s value;
  const auto take = [&](auto... path) {
    if (MMDB_get_value(&entry, &value, path..., nullptr) == MMDB_SUCCESS)
      sink += value.has_data;
  };
  take("country", "iso_code");
  take("subdivisions", "0", "names", "en");
  take("city", "names", "en");
  take("location", "latitude");
  take("location", "longitude");
}

void measure_libmaxminddb(const std::string& path, const Addresses& addresses) {
  MMDB_s file;
  if (MMDB_open(path.c_str(), MMDB_MODE_MMAP, &file) != MMDB_SUCCESS)
    return;
  const auto round = [&](bool read_values) {
    for (const IpAddress& address : addresses) {
      sockaddr_in6 v6{};
      sockaddr_in v4{};
      v6.sin6_family = AF_INET6;
      std::memcpy(&v6.sin6_addr, address.bytes.data(), 16);
      v4.sin_family = AF_INET;
      std::memcpy(&v4.sin_addr, address.bytes.data(), 4);
      const void* any = &v6;
      if (address.family == AddressFamily::v4)
        any = &v4;
      int error = 0;
      const auto found = MMDB_lookup_sockaddr(
        &file, static_cast<const sockaddr*>(any), &error);
      sink += found.found_entry;
      if (read_values && found.found_entry)
        read_five_values(found.entry);
    }
  };
  std::printf("libmaxminddb on %s\n", path.c_str());
  report("  MMDB_lookup_sockaddr alone", median_ns([&] { round(false); }));
  report("  and five values read (nested layout)",
         median_ns([&] { round(true); }));
  MMDB_close(&file);
}

bool measure_files(const std::vector<std::string>& files, bool demo) {
  GeoipConfig config;
  config.files = files;
  config.cache_places = 10'000'000;
  const double begin = cpu_ns();
  const auto database = GeoDatabase::open(config);
  const double took = cpu_ns() - begin;
  if (!database) {
    std::fprintf(stderr, "geo: %s\n", database.error().text.c_str());
    return false;
  }
  std::printf("opened in %.1f ms\n", took / 1e6);
  bool v4 = false;
  bool v6 = false;
  for (const auto& file : (*database)->files()) {
    v4 = v4 || file.answers_v4;
    v6 = v6 || file.answers_v6;
  }
  for (const auto family : {AddressFamily::v4, AddressFamily::v6}) {
    const bool is_v4 = family == AddressFamily::v4;
    if (is_v4 ? !v4 : !v6 || demo)
      continue;
    std::printf("\n%s addresses\n", is_v4 ? "v4" : "v6");
    const Addresses addresses = demo ? demo_addresses()
                                     : random_addresses(family);
    measure_tables(**database, addresses);
    for (const auto& file : (*database)->files())
      if (is_v4 ? file.answers_v4 : file.answers_v6)
        measure_libmaxminddb(file.path, addresses);
  }
  return true;
}

} // namespace

int main(int argc, char** argv) {
  if (argc > 1)
    return measure_files({argv + 1, argv + argc}, false) ? EXIT_SUCCESS
                                                         : EXIT_FAILURE;
  std::string path = "/tmp/millrace-geo-bench.XXXXXX";
  const int descriptor = ::mkstemp(path.data());
  if (descriptor < 0)
    return EXIT_FAILURE;
  ::close(descriptor);
  const auto written = millrace::adapters::geoip::write_demo_database(path);
  const bool measured = written && measure_files({path}, true);
  ::unlink(path.c_str());
  return measured ? EXIT_SUCCESS : EXIT_FAILURE;
}
