#define CAF_SUITE outcome

#include "logic/validation/outcome_config.hpp"

#include "logic/validation/validator.hpp"
#include "tests/support/record_values.hpp"

#include "caf/test/dsl.hpp"

#include <string>
#include <string_view>

using namespace millrace::logic;
using namespace millrace::tests;

namespace {

OutcomeConfig read_from(std::string member) {
  OutcomeConfig config;
  config.member = std::move(member);
  return config;
}

/// "success", "failure", "unknown", or the reason of a dead letter.
std::string outcome_with(const OutcomeConfig& outcome, std::string_view members,
                         ValidationConfig config = {}) {
  Validator validator{std::move(config), outcome};
  const auto batch = validator.validate(batch_of({event_with(members)}),
                                        codec_now_ms);
  if (batch->events.size() + batch->rejections.size() != 1)
    return "not exactly one outcome";
  if (!batch->rejections.empty())
    return std::string{to_string(batch->rejections.front().reason)};
  switch (batch->events.front().status) {
    case LoginStatus::success:
      return "success";
    case LoginStatus::failure:
      return "failure";
    case LoginStatus::unknown:
      break;
  }
  return "unknown";
}

} // namespace

CAF_TEST(words_of_the_trade_are_understood_in_any_case) {
  const OutcomeConfig usual;
  for (const std::string word :
       {"success", "Succeeded", "SUCCESSFUL", "ok", "True", "allowed"})
    CAF_CHECK_EQUAL(outcome_with(usual, ",\"login_status\":\"" + word + '"'),
                    "success");
  for (const std::string word :
       {"failure", "Failed", "FAIL", "denied", "False", "invalid", " failed",
        "failed  ", "\\tfailed\\r\\n"})
    CAF_CHECK_EQUAL(outcome_with(usual, ",\"login_status\":\"" + word + '"'),
                    "failure");
  for (const std::string word :
       {"", " ", "maybe", "successs", "fai", "fai led"})
    CAF_CHECK_EQUAL(outcome_with(usual, ",\"login_status\":\"" + word + '"'),
                    "unknown");
}

CAF_TEST(the_configured_member_alone_tells_the_outcome) {
  const auto result = read_from("result");
  CAF_CHECK_EQUAL(outcome_with(result, R"(,"result":"FAILED")"), "failure");
  CAF_CHECK_EQUAL(outcome_with(result, R"(,"result":true)"), "success");
  CAF_CHECK_EQUAL(outcome_with(result, R"(,"result":false)"), "failure");
  CAF_CHECK_EQUAL(outcome_with(result, R"(,"res\u0075lt":"f\u0061il")"),
                  "failure");
  CAF_CHECK_EQUAL(outcome_with(result, R"(,"result":null)"), "unknown");
  // The usual ones may then hold what they like.
  CAF_CHECK_EQUAL(outcome_with(result, R"(,"success":"x","login_status":1)"),
                  "unknown");
  CAF_CHECK_EQUAL(outcome_with(result, R"(,"success":1,"success":2)"),
                  "unknown");
}

CAF_TEST(each_usual_member_may_be_named_and_then_hold_words) {
  CAF_CHECK_EQUAL(outcome_with(read_from("success"), R"(,"success":"no way")"),
                  "unknown");
  CAF_CHECK_EQUAL(outcome_with(read_from("success"), R"(,"success":"false")"),
                  "failure");
  CAF_CHECK_EQUAL(outcome_with(read_from("login_status"),
                               R"(,"success":true,"login_status":"Denied")"),
                  "failure");
}

CAF_TEST(a_path_leads_into_objects) {
  const auto path = read_from("outcome.result");
  CAF_CHECK_EQUAL(outcome_with(path, R"(,"outcome":{"result":"failure"})"),
                  "failure");
  CAF_CHECK_EQUAL(
    outcome_with(path, R"(,"outcome":{"x":{"result":"ok"},"y":[{"result":1}],)"
                       R"("result":"denied","z":{}},"locale":"WA")"),
    "failure");
  // Not elsewhere, and not in an array.
  CAF_CHECK_EQUAL(outcome_with(path, R"(,"result":"failure")"), "unknown");
  CAF_CHECK_EQUAL(outcome_with(path, R"(,"x":{"outcome":{"result":"fail"}})"),
                  "unknown");
  CAF_CHECK_EQUAL(outcome_with(path, R"(,"outcome":[{"result":"failure"}])"),
                  "unknown");
  CAF_CHECK_EQUAL(outcome_with(path, R"(,"outcome":{},"result":"failure")"),
                  "unknown");
  CAF_CHECK_EQUAL(outcome_with(path, R"(,"outcome":"failure")"), "unknown");
  CAF_CHECK_EQUAL(outcome_with(path, R"(,"outcome":{"result":{"a":"fail"}})"),
                  "unknown");
  const auto deep = read_from("a.b.c.d");
  CAF_CHECK_EQUAL(
    outcome_with(deep, R"(,"a":{"b":{"x":0,"c":{"d":"ok"},"y":1},"z":{}})"),
    "success");
  CAF_CHECK_EQUAL(outcome_with(deep, R"(,"a":{"b":{"c":{}}},"d":"ok")"),
                  "unknown");
}

CAF_TEST(members_behind_the_path_are_still_read) {
  const auto path = read_from("event.outcome");
  const std::string_view before = R"(,"event":{"outcome":"failure",)"
                                  R"("user_id":7,"ip":"x"})";
  CAF_CHECK_EQUAL(outcome_with(path, std::string{before} + R"(,"ip":"x")"),
                  "invalid_address");
  CAF_CHECK_EQUAL(outcome_with(path, std::string{before} + R"(,"locale":1)"),
                  "wrong_type");
  CAF_CHECK_EQUAL(outcome_with(path, before), "failure");
}

CAF_TEST(a_name_with_dots_may_stand_in_one_piece) {
  const auto path = read_from("event.outcome");
  CAF_CHECK_EQUAL(outcome_with(path, R"(,"event.outcome":"failure")"),
                  "failure");
  CAF_CHECK_EQUAL(outcome_with(path, R"(,"event":{"outcome":"failure"},)"
                                     R"("event.outcome":"success")"),
                  "duplicate_member");
}

CAF_TEST(an_outcome_that_is_told_twice_is_refused) {
  const auto path = read_from("outcome.result");
  CAF_CHECK_EQUAL(
    outcome_with(path, R"(,"outcome":{"result":"ok","result":"failed"})"),
    "duplicate_member");
  CAF_CHECK_EQUAL(
    outcome_with(path, R"(,"outcome":{"result":"failed"},"outcome":{})"),
    "duplicate_member");
  CAF_CHECK_EQUAL(
    outcome_with(path, R"(,"outcome":{"x":1,"x":2,"result":"failed"})"),
    "failure");
}

CAF_TEST(the_values_are_configured_and_numbers_count_as_written) {
  auto config = read_from("code");
  config.success_values = {"0", "Angemeldet"};
  config.failure_values = {"401", "-1", "Abgelehnt"};
  CAF_CHECK_EQUAL(outcome_with(config, R"(,"code":0)"), "success");
  CAF_CHECK_EQUAL(outcome_with(config, R"(,"code":401)"), "failure");
  CAF_CHECK_EQUAL(outcome_with(config, R"(,"code":-1)"), "failure");
  CAF_CHECK_EQUAL(outcome_with(config, R"(,"code":4.5e3)"), "unknown");
  CAF_CHECK_EQUAL(outcome_with(config, R"(,"code":"abgeLEHNT")"), "failure");
  CAF_CHECK_EQUAL(outcome_with(config, R"(,"code":"failure")"), "unknown");
  CAF_CHECK_EQUAL(outcome_with(config, R"(,"code":false)"), "failure");
}

CAF_TEST(the_outcome_may_be_required_too) {
  ValidationConfig config;
  config.required_fields = {"success", "outcome"};
  CAF_CHECK_EQUAL(outcome_with(read_from("success"),
                               R"(,"success":"denied","outcome":1)", config),
                  "failure");
  CAF_CHECK_EQUAL(
    outcome_with(read_from("success"), R"(,"success":"","outcome":1)", config),
    "missing_field");
  CAF_CHECK_EQUAL(outcome_with(read_from("outcome.result"),
                               R"(,"success":1,"outcome":{"result":"failed"})",
                               config),
                  "failure");
  CAF_CHECK_EQUAL(outcome_with(read_from("outcome.result"),
                               R"(,"success":1,"outcome":null)", config),
                  "missing_field");
}

CAF_TEST(a_path_that_cannot_be_followed_is_refused) {
  CAF_CHECK(check(OutcomeConfig{}).empty());
  for (const auto* good :
       {"login_status", "success", "outcome.result", "a.b.c.d.e.f.g.h"})
    CAF_CHECK(check(read_from(good)).empty());
  for (const auto* bad :
       {".", "a.", ".a", "a..b", "a.b.c.d.e.f.g.h.i", "user_id", "ip.outcome",
        "$.outcome.result", "/outcome/result", "outcome[0].result"}) {
    CAF_REQUIRE_EQUAL(check(read_from(bad)).size() >= 1, true);
    CAF_CHECK(check(read_from(bad))
                .front()
                .text.starts_with("detection.outcome_member"));
  }
  auto config = read_from("result");
  config.failure_values.emplace_back("OK");
  CAF_CHECK_EQUAL(check(config).size(), 1u);
}
