#define CAF_SUITE mmdb_damage

// Files that nobody vouches for: whatever the bytes say, opening and looking
// up must end soon, inside the file, with an error or some answer. The address
// sanitizer of the dev preset is the judge.

#include "adapters/geoip/demo_database.hpp"
#include "adapters/geoip/mmdb_tree.hpp"
#include "adapters/geoip/place_reader.hpp"
#include "adapters/geoip/table_lookup.hpp"
#include "tests/adapters/geoip/small_databases.hpp"
#include "tests/support/temporary_folder.hpp"

#include "caf/test/dsl.hpp"

#include <memory>
#include <random>
#include <string>
#include <vector>

using namespace millrace::adapters::geoip;
using millrace::logic::geo::AddressFamily;
using millrace::logic::geo::DetailedPlace;
using millrace::logic::geo::IpAddress;
using millrace::logic::geo::Place;
using millrace::tests::TemporaryFolder;

namespace {

std::vector<IpAddress> probes() {
  std::mt19937 random{11};
  std::vector<IpAddress> addresses(200);
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    addresses[i].family = i % 2 == 0 ? AddressFamily::v4 : AddressFamily::v6;
    const std::size_t length = i % 2 == 0 ? 4 : 16;
    for (std::size_t byte = 0; byte < length; ++byte)
      addresses[i].bytes[byte] = static_cast<std::uint8_t>(random());
  }
  for (const char* known : {"62.28.1.1", "80.58.2.2", "2a0e:f000::1"})
    addresses.push_back(address(known));
  return addresses;
}

struct Outcome {
  int refused = 0;
  int opened = 0;
  std::size_t places = 0;
};

/// Opens the bytes as a heap block of exactly their size, so that one byte
/// too far is noticed, and looks addresses up if that succeeds.
void probe(std::string_view bytes, const std::vector<IpAddress>& addresses,
           Outcome& outcome) {
  const std::unique_ptr<char[]> exact{new char[bytes.size()]};
  bytes.copy(exact.get(), bytes.size());
  const auto tree = MmdbTree::parse({exact.get(), bytes.size()});
  if (!tree) {
    ++outcome.refused;
    CAF_REQUIRE(!tree.error().text.empty());
    return;
  }
  ++outcome.opened;
  for (const IpAddress& address : addresses) {
    const bool v4 = address.family == AddressFamily::v4;
    const auto root = v4 ? tree->root_v4() : tree->root_v6();
    if (!root)
      continue;
    MmdbTree::Record record = *root;
    for (int bit = 0; tree->is_node(record) && bit < (v4 ? 32 : 128); ++bit)
      record = tree->child(
        record,
        (address.bytes[static_cast<std::size_t>(bit / 8)] >> (7 - bit % 8) & 1)
          != 0);
    if (const std::uint32_t key = tree->data_key(record)) {
      DetailedPlace place;
      add_record(tree->data(), key - 1, place);
      render_json(place);
      outcome.places += place.json.size() > 2;
    }
  }
}

std::string data_of(MmdbType type, unsigned size) {
  const auto number = static_cast<unsigned>(type);
  if (number <= 7)
    return std::string(1, static_cast<char>(number << 5 | size));
  return {static_cast<char>(size), static_cast<char>(number - 7)};
}

} // namespace

CAF_TEST(flipped_bytes_never_lead_outside_the_file) {
  const std::string good = *demo_database_bytes();
  const auto addresses = probes();
  std::mt19937 random{12};
  Outcome outcome;
  for (int round = 0; round < 1'500; ++round) {
    std::string bad = good;
    // A third of the rounds hits the metadata, which decides most.
    const std::size_t begin = round % 3 == 0 ? good.size() - 250 : 0;
    for (auto flips = 1 + random() % 8; flips > 0; --flips)
      bad[begin + random() % (bad.size() - begin)] = static_cast<char>(
        random());
    probe(bad, addresses, outcome);
  }
  CAF_MESSAGE("refused " << outcome.refused << ", opened " << outcome.opened);
  CAF_CHECK(outcome.refused > 100);
  CAF_CHECK(outcome.opened > 100);
  CAF_CHECK(outcome.places > 100);
}

CAF_TEST(cut_files_are_refused_or_read_within_their_end) {
  const std::string good = *demo_database_bytes();
  const auto addresses = probes();
  Outcome outcome;
  for (std::size_t size = 0; size < good.size(); size += 61)
    probe(std::string_view{good}.substr(0, size), addresses, outcome);
  CAF_CHECK_EQUAL(outcome.opened, 0);
  for (std::size_t cut = 61; cut < good.size(); cut += 61)
    probe(std::string_view{good}.substr(cut), addresses, outcome);
  CAF_CHECK(outcome.refused > 100);
}

CAF_TEST(damage_on_disk_reaches_lookups_only_as_unknown_or_wrong_places) {
  const std::string good = *demo_database_bytes();
  const auto addresses = probes();
  const TemporaryFolder folder;
  std::mt19937 random{13};
  int opened = 0;
  for (int round = 0; round < 60; ++round) {
    std::string bad = good;
    for (int flips = 0; flips < 4; ++flips)
      bad[random() % (bad.size() - 250)] = static_cast<char>(random());
    const auto snapshot = GeoSnapshot::load(
      {.files = {folder.write("bad", bad)}}, nullptr);
    if (!snapshot)
      continue;
    ++opened;
    TableLookup lookup{std::make_shared<SnapshotSlot>(*snapshot), 1'000};
    std::vector<const Place*> places(addresses.size());
    const auto pin = lookup.locate(addresses, places);
    for (const Place* place : places)
      CAF_REQUIRE(place == nullptr || place->json.front() == '{');
  }
  CAF_CHECK(opened > 5);
}

CAF_TEST(deep_wide_and_circular_values_end_soon) {
  // A hundred thousand arrays, each in the one before.
  std::string deep;
  for (int i = 0; i < 100'000; ++i)
    deep += data_of(MmdbType::array, 1);
  CAF_CHECK(!MmdbData{deep}.end_of(0));
  // A map that claims sixteen million members.
  const std::string wide = "\xff\xff\xff\xff";
  CAF_CHECK(!MmdbData{wide}.end_of(0));
  CAF_CHECK(!MmdbData{wide}.for_each_member(0, [](auto, auto) {}));
  // A pointer to itself, and two that point to each other.
  const std::string loop{"\x20\x00", 2};
  CAF_CHECK(!MmdbData{loop}.item_at(0));
  const std::string pair{"\x20\x02\x20\x00", 4};
  CAF_CHECK(!MmdbData{pair}.item_at(0));
  // {"location": <the same map>}: only the first level below is looked at.
  const std::string self = std::string{"\xe1\x48location\x20\x00", 12};
  DetailedPlace place;
  add_record(MmdbData{self}, 0, place);
  CAF_CHECK(!place.has_coordinates);
}

CAF_TEST(values_that_end_too_early_are_absent) {
  for (const std::string_view cut : {"", "\x5d", "\x5e\x01",
                                     "\x43"
                                     "ab",
                                     "\x68\x01", "\x38\x01", "\xe1",
                                     "\xe1\x41"
                                     "a"}) {
    const MmdbData data{cut};
    CAF_CHECK(!data.text_at(0));
    CAF_CHECK(!data.number_at(0));
    CAF_CHECK(!data.for_each_member(0, [](auto, auto) {}));
    CAF_CHECK(!data.end_of(0));
  }
  CAF_CHECK(!MmdbData{}.item_at(~std::size_t{0}));
}
