#define CAF_SUITE enrichment

#include "logic/enrichment/enrichment.hpp"

#include "logic/detection/user_hash.hpp"
#include "tests/support/record_values.hpp"

#include "caf/test/dsl.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

using namespace millrace::logic;
using namespace millrace::tests;

namespace {

/// Knows one address, and what it was asked.
class OnePlace final : public GeoLookup {
public:
  explicit OnePlace(std::vector<geo::IpAddress>& asked) : asked_(asked) {
    place_->country = "US";
  }

  std::shared_ptr<const void>
  locate(std::span<const geo::IpAddress> addresses,
         std::span<const geo::Place*> places) override {
    CAF_REQUIRE_EQUAL(addresses.size(), places.size());
    for (std::size_t index = 0; index != addresses.size(); ++index) {
      asked_.push_back(addresses[index]);
      if (addresses[index] == geo::parse_ip("8.8.8.8"))
        places[index] = place_.get();
    }
    return place_;
  }

private:
  std::vector<geo::IpAddress>& asked_;
  std::shared_ptr<geo::Place> place_ = std::make_shared<geo::Place>();
};

std::string from(const std::string& ip, const std::string& version = "1.0") {
  return R"({"user_id":"u-1","device_type":"x","app_version":")" + version
         + (ip.empty() ? "\"}" : R"(","ip":")" + ip + "\"}");
}

ValidatedBatchPtr validated(const std::vector<std::string>& values) {
  Validator validator{{}};
  return validator.validate(batch_of({values.begin(), values.end()}),
                            codec_now_ms);
}

} // namespace

CAF_TEST(events_get_class_place_hash_and_watch_list) {
  std::vector<geo::IpAddress> asked;
  Enrichment enrichment{{"2.3.0", "9"}, std::make_unique<OnePlace>(asked)};
  const auto batch = enrichment.enrich(
    validated({from("8.8.8.8"), from("10.0.0.1", "2.3.0"), "garbage",
               from("", "2.3"), from("9.9.9.9", "9")}));
  CAF_REQUIRE_EQUAL(batch->origins.size(), 4u);
  CAF_CHECK_EQUAL(batch->validated->rejections.size(), 1u);
  const auto& origins = batch->origins;
  CAF_CHECK(origins[0].address_class == geo::AddressClass::public_);
  CAF_CHECK(origins[1].address_class == geo::AddressClass::private_);
  CAF_CHECK(origins[2].address_class == geo::AddressClass::unknown);
  CAF_REQUIRE(origins[0].place != nullptr);
  CAF_CHECK_EQUAL(origins[0].place->country, "US");
  CAF_CHECK(origins[1].place == nullptr);
  CAF_CHECK(origins[2].place == nullptr);
  CAF_CHECK(origins[3].place == nullptr);
  for (const auto& origin : origins)
    CAF_CHECK_EQUAL(origin.user_hash, hash_user("u-1"));
  CAF_CHECK(!origins[0].watched && origins[1].watched && !origins[2].watched
            && origins[3].watched);
  CAF_CHECK_EQUAL(batch->watched, 2u);
}

CAF_TEST(only_public_addresses_are_looked_up_and_counted) {
  std::vector<geo::IpAddress> asked;
  Enrichment enrichment{{}, std::make_unique<OnePlace>(asked)};
  enrichment.enrich(validated({from("10.0.0.1"), from(""), from("::1")}));
  CAF_CHECK(asked.empty());
  enrichment.enrich(validated(
    {from("8.8.8.8"), from("127.0.0.1"), from("9.9.9.9"), from("8.8.8.8")}));
  CAF_CHECK_EQUAL(asked.size(), 3u);
  CAF_CHECK_EQUAL(enrichment.hits(), 2u);
  CAF_CHECK_EQUAL(enrichment.misses(), 1u);
}

CAF_TEST(behind_a_nat64_the_v4_address_is_looked_up_and_remembered) {
  std::vector<geo::IpAddress> asked;
  Enrichment enrichment{{}, std::make_unique<OnePlace>(asked)};
  auto plain = from("8.8.8.8");
  auto wrapped = from("64:ff9b::8.8.8.8");
  for (auto* event : {&plain, &wrapped}) {
    event->pop_back();
    *event += R"(,"login_status":"failed"})";
  }
  const auto batch = enrichment.enrich(validated({plain, wrapped}));
  CAF_REQUIRE_EQUAL(batch->origins.size(), 2u);
  CAF_REQUIRE(batch->origins[1].place != nullptr);
  CAF_CHECK_EQUAL(batch->origins[1].place->country, "US");
  CAF_CHECK_NOT_EQUAL(batch->origins[0].address_hash, 0u);
  CAF_CHECK_EQUAL(batch->origins[0].address_hash,
                  batch->origins[1].address_hash);
}

CAF_TEST(places_live_as_long_as_the_batch) {
  std::vector<geo::IpAddress> asked;
  EnrichedBatchPtr batch;
  {
    Enrichment enrichment{{}, std::make_unique<OnePlace>(asked)};
    batch = enrichment.enrich(validated({from("8.8.8.8")}));
  }
  CAF_CHECK_EQUAL(batch->origins.front().place->country, "US");
}

CAF_TEST(without_a_database_no_place_is_known_and_none_is_missed) {
  Enrichment enrichment{{}, nullptr};
  const auto batch = enrichment.enrich(validated({from("8.8.8.8")}));
  CAF_CHECK(batch->origins.front().place == nullptr);
  CAF_CHECK(batch->origins.front().address_class == geo::AddressClass::public_);
  CAF_CHECK_EQUAL(enrichment.hits() + enrichment.misses(), 0u);
}

CAF_TEST(an_empty_batch_stays_empty) {
  Enrichment enrichment{{"1.0"}, nullptr};
  const auto batch = enrichment.enrich(validated({}));
  CAF_CHECK(batch->origins.empty());
  CAF_CHECK_EQUAL(batch->watched, 0u);
}
