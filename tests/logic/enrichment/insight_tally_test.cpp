#define CAF_SUITE insight_tally

#include "logic/enrichment/insight_tally.hpp"

#include <boost/json/parse.hpp>

#include "caf/test/dsl.hpp"

#include <memory>
#include <string>

using namespace millrace::logic;

namespace {

EnrichedBatch two_logins() {
  static const geo::Place lisbon = [] {
    geo::Place place;
    place.country = "PT";
    return place;
  }();
  auto validated = std::make_shared<ValidatedBatch>();
  LoginEvent event;
  event.app_version = "2.3.0";
  event.device_type = "iOS";
  event.locale = "WA";
  validated->events = {event, event};
  validated->events[1].locale = {};
  validated->rejections = {{0, Reason::not_json, ""}};
  EnrichedBatch batch;
  batch.validated = validated;
  batch.origins.resize(2);
  batch.origins[0].place = &lisbon;
  batch.origins[0].watched = true;
  return batch;
}

} // namespace

CAF_TEST(logins_are_counted_by_dimension) {
  InsightTally tally;
  CAF_CHECK(tally.empty());
  tally.add(two_logins());
  InsightTally sum;
  sum.merge(tally);
  sum.merge(tally);
  const auto page = boost::json::parse(
                      sum.to_json("n1", 1'720'000'000'000, 1'720'000'010'000))
                      .as_object();
  CAF_CHECK_EQUAL(page.at("logins").to_number<int>(), 4);
  CAF_CHECK_EQUAL(page.at("watched").to_number<int>(), 2);
  CAF_CHECK_EQUAL(page.at("app_version").at("2.3.0").to_number<int>(), 4);
  CAF_CHECK_EQUAL(page.at("locale").at("WA").to_number<int>(), 2);
  CAF_CHECK_EQUAL(page.at("country").at("PT").to_number<int>(), 2);
  CAF_CHECK_EQUAL(page.at("rejections").at("not_json").to_number<int>(), 2);
  sum.clear();
  CAF_CHECK(sum.empty());
}

CAF_TEST(values_beyond_the_bound_count_as_other) {
  ValueCounts counts;
  for (int value = 0; value != 1000; ++value)
    counts.add("v" + std::to_string(value));
  counts.add("v0", 5);
  const auto sorted = counts.sorted();
  CAF_CHECK_EQUAL(sorted.size(), ValueCounts::max_values);
  CAF_CHECK_EQUAL(sorted[0].first, "other");
  CAF_CHECK_EQUAL(sorted[0].second, 1000 - ValueCounts::max_values + 1);
  CAF_CHECK_EQUAL(sorted[1].first, "v0");
  CAF_CHECK_EQUAL(sorted[1].second, 6u);
}

CAF_TEST(long_values_are_cut) {
  ValueCounts counts;
  counts.add(std::string(1000, 'x'));
  CAF_CHECK_EQUAL(counts.sorted().at(0).first.size(),
                  ValueCounts::max_value_bytes);
}
