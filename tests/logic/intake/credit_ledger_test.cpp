#define CAF_SUITE credit_ledger

#include "logic/intake/credit_ledger.hpp"

#include "caf/test/dsl.hpp"

using millrace::logic::CreditLedger;

CAF_TEST(all_credit_is_there_at_first) {
  const CreditLedger ledger{1000};
  CAF_CHECK_EQUAL(ledger.available_bytes(), 1000);
  CAF_CHECK_EQUAL(ledger.used_bytes(), 0);
  CAF_CHECK_EQUAL(ledger.budget_bytes(), 1000);
  CAF_CHECK(!ledger.exhausted());
}

CAF_TEST(what_is_taken_is_missing_until_it_is_given_back) {
  CreditLedger ledger{1000};
  ledger.take(400);
  ledger.take(500);
  CAF_CHECK_EQUAL(ledger.available_bytes(), 100);
  CAF_CHECK_EQUAL(ledger.used_bytes(), 900);
  CAF_CHECK(!ledger.exhausted());
  ledger.give_back(400);
  CAF_CHECK_EQUAL(ledger.available_bytes(), 500);
  ledger.give_back(500);
  CAF_CHECK_EQUAL(ledger.used_bytes(), 0);
}

CAF_TEST(one_batch_may_overdraw_and_none_after_it) {
  CreditLedger ledger{1000};
  ledger.take(999);
  CAF_CHECK(!ledger.exhausted());
  ledger.take(5000);
  CAF_CHECK(ledger.exhausted());
  CAF_CHECK_EQUAL(ledger.available_bytes(), -4999);
  ledger.give_back(999);
  CAF_CHECK(ledger.exhausted());
  ledger.give_back(5000);
  CAF_CHECK(!ledger.exhausted());
  CAF_CHECK_EQUAL(ledger.available_bytes(), 1000);
}

CAF_TEST(credit_is_exhausted_at_zero) {
  CreditLedger ledger{1000};
  ledger.take(1000);
  CAF_CHECK(ledger.exhausted());
  const CreditLedger none{0};
  CAF_CHECK(none.exhausted());
}
