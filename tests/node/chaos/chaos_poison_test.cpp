#define CAF_SUITE chaos_poison

#include "node/chaos/poison_ledger.hpp"

#include "caf/test/dsl.hpp"

#include "logic/generation/login_generator.hpp"

#include <boost/json/parse.hpp>

using namespace millrace::node::chaos;
using namespace millrace::logic::generation;

CAF_TEST(a poisoned event is the event with the match in a further member) {
  auto generator = LoginGenerator::create({});
  CAF_REQUIRE(generator.has_value());
  GeneratedBatch batch;
  generator->fill(batch, 50);
  for (const auto& record : batch.records()) {
    const auto value = poisoned(*batch.value(record), "POISON-7 {}");
    auto whole = boost::json::parse(value).as_object();
    CAF_CHECK_EQUAL(whole.at("note").as_string(), "POISON-7 {}");
    whole.erase("note");
    CAF_CHECK(whole == boost::json::parse(*batch.value(record)).as_object());
  }
}

CAF_TEST(a match is planted only if it stands in json as it is) {
  CAF_CHECK(can_be_planted("POISON-007"));
  CAF_CHECK(can_be_planted("two words, {brackets}"));
  for (const auto* match : {"a\"b", "a\\b", "a\nb", "\x7F", "\xC3\xBC"})
    CAF_CHECK(!can_be_planted(match));
}

CAF_TEST(exactly the planted records must die as poison) {
  PoisonLedger ledger;
  CAF_CHECK(ledger.tally().clean());
  ledger.plant("a");
  ledger.plant("b");
  CAF_CHECK(!ledger.tally().clean());
  ledger.find("a");
  ledger.find("a"); // a double is the delivery check's affair
  CAF_CHECK_EQUAL(ledger.tally().found, 1u);
  CAF_CHECK(!ledger.tally().clean());
  ledger.find("b");
  CAF_CHECK(ledger.tally().clean());
  CAF_CHECK_EQUAL(ledger.tally().planted, 2u);
  ledger.find("c");
  CAF_CHECK_EQUAL(ledger.tally().innocent, 1u);
  CAF_CHECK(!ledger.tally().clean());
}
