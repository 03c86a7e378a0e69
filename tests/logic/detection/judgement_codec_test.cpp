#define CAF_SUITE judgement_codec

#include "logic/detection/judgement_codec.hpp"
#include "logic/detection/login_rows_codec.hpp"
#include "logic/detection/user_hash.hpp"

#include "tests/logic/detection/batch_detector.hpp"
#include "tests/logic/detection/login_batch.hpp"

#include "caf/test/dsl.hpp"

#include <limits>
#include <string>
#include <vector>

using namespace millrace::logic;
using namespace millrace::logic::detection;
using millrace::tests::login_batch;
using millrace::tests::LoginText;

namespace {

constexpr std::uint32_t shard_count = 32;

DetectionConfig small_config() {
  DetectionConfig config;
  config.max_users = 4096;
  return config;
}

LoginRowsPtr rows_of(const EnrichedBatchPtr& batch) {
  LoginRowBuilder builder{small_config()};
  return builder.rows_of(*batch);
}

/// Failing logins of many users from one address, and a burst of one.
std::vector<LoginText> attack() {
  std::vector<LoginText> logins;
  for (int user = 0; user != 60; ++user)
    logins.push_back({.user = "victim-" + std::to_string(user),
                      .device = "d" + std::to_string(user),
                      .status = LoginStatus::failure});
  for (int login = 0; login != 15; ++login)
    logins.push_back({.user = "burst", .device = "phone"});
  return logins;
}

ShardSet all() {
  return ShardSet{}.set();
}

} // namespace

CAF_TEST(another_node_finds_what_this_one_would) {
  const auto batch = login_batch(attack());
  millrace::tests::BatchDetector here{small_config()};
  const auto expected = here.judge(*batch);
  const auto rows = rows_of(batch);
  // There: decoded, judged, encoded.
  millrace::tests::BatchDetector there{small_config()};
  const auto asked = decode_rows(encode_rows(*rows, all()), shard_count);
  CAF_REQUIRE(asked);
  const auto answer = encode_judgements(
    *asked, std::vector<ShardJudgementsPtr>{std::make_shared<ShardJudgements>(
              there.Detector::judge(*asked))});
  const auto judged = decode_judgements(answer, *rows, all());
  CAF_REQUIRE(judged);
  CAF_REQUIRE_EQUAL(judged->events.size(), expected.events.size());
  std::vector<Judgement> by_event(expected.events.size());
  for (std::size_t index = 0; index != judged->events.size(); ++index)
    by_event[judged->events[index]] = judged->judgements[index];
  for (std::size_t event = 0; event != by_event.size(); ++event) {
    CAF_CHECK_EQUAL(by_event[event].rules, expected.judgements[event].rules);
    CAF_CHECK(by_event[event].judged);
  }
  CAF_CHECK(!judged->findings.empty());
  CAF_CHECK_EQUAL(judged->findings.size(), expected.findings.size());
  CAF_CHECK_EQUAL(judged->findings.front().text,
                  expected.findings.front().text);
  CAF_CHECK_EQUAL(judged->findings.front().evidence,
                  expected.findings.front().evidence);
  CAF_CHECK(!judged->address_findings.empty());
  CAF_CHECK_EQUAL(judged->address_findings.size(),
                  expected.address_findings.size());
  CAF_CHECK_EQUAL(judged->address_findings.front().event,
                  expected.address_findings.front().event);
}

CAF_TEST(an_answer_cut_off_or_too_long_anywhere_is_refused) {
  const auto rows = rows_of(login_batch(attack()));
  millrace::tests::BatchDetector detector{small_config()};
  const auto asked = decode_rows(encode_rows(*rows, all()), shard_count);
  const auto whole = encode_judgements(
    *asked, std::vector<ShardJudgementsPtr>{std::make_shared<ShardJudgements>(
              detector.Detector::judge(*asked))});
  CAF_REQUIRE(decode_judgements(whole, *rows, all()));
  for (std::size_t length = 0; length != whole.size(); ++length)
    CAF_REQUIRE(!decode_judgements(whole.substr(0, length), *rows, all()));
  CAF_CHECK(!decode_judgements(whole + '\0', *rows, all()));
  // To another question.
  CAF_CHECK(!decode_judgements(whole, *rows, ShardSet{}.set(3)));
}

CAF_TEST(evidence_that_is_no_json_is_refused) {
  const auto rows = rows_of(login_batch({{}}));
  const auto answer = [&](const std::string& evidence) {
    auto judgements = std::make_shared<ShardJudgements>();
    judgements->events = {0};
    judgements->judgements.resize(1);
    judgements->findings.push_back({.event = 0,
                                    .rule = Rule::velocity,
                                    .severity = Severity::low,
                                    .text = "t",
                                    .evidence = evidence});
    const auto asked = decode_rows(encode_rows(*rows, all()), shard_count);
    return decode_judgements(
      encode_judgements(*asked, std::vector<ShardJudgementsPtr>{judgements}),
      *rows, all());
  };
  CAF_CHECK(answer(""));
  CAF_CHECK(answer(R"("logins":12)"));
  for (const auto* bad :
       {R"("logins":)", R"("a":1},"b":{)", "x", R"("a":1,)", "\"a\":\"\x01\""})
    CAF_CHECK(!answer(bad));
}

CAF_TEST(where_nobody_answers_each_row_is_left_unjudged) {
  const auto rows = rows_of(login_batch(attack()));
  const auto left = unjudged(*rows, all());
  CAF_CHECK_EQUAL(left.events.size(), 75u);
  for (const auto& judgement : left.judgements)
    CAF_CHECK(!judgement.judged && !judgement.anomalous());
}

CAF_TEST(which_shards_are_not_there_or_were_handed_over_crosses) {
  const auto rows = rows_of(login_batch(attack()));
  const auto burst = shard_of(hash_user("burst"), shard_count);
  millrace::tests::BatchDetector detector{small_config()};
  for (std::uint32_t shard = 0; shard != shard_count; ++shard)
    if (shard != burst)
      detector.state(shard)->handed_over = true;
  detector.give_up(burst);
  const auto asked = decode_rows(encode_rows(*rows, all()), shard_count);
  const auto judged = std::make_shared<ShardJudgements>(
    detector.Detector::judge(*asked));
  CAF_CHECK_EQUAL(judged->absent, (std::vector<std::uint32_t>{burst}));
  CAF_CHECK_GREATER(judged->handed_over.size(), 10u);
  const auto whole = encode_judgements(*asked,
                                       std::vector<ShardJudgementsPtr>{judged});
  auto answer = decode_judgements(whole, *rows, all());
  CAF_REQUIRE(answer);
  CAF_CHECK_EQUAL(answer->absent, judged->absent);
  CAF_CHECK_EQUAL(answer->handed_over, judged->handed_over);
  CAF_CHECK_EQUAL(answer->events.size(), 75u);
  drop_unjudged(*answer);
  const auto left = 75u - rows->users_of(burst).size();
  CAF_CHECK_EQUAL(answer->events.size(), left);
  CAF_CHECK_EQUAL(answer->judgements.size(), left);
}

CAF_TEST(shards_and_scores_that_cannot_be_are_refused) {
  const auto rows = rows_of(login_batch({{}}));
  const auto asked = decode_rows(encode_rows(*rows, all()), shard_count);
  const auto user = shard_of(asked->users[0].user_hash, shard_count);
  const auto answer = [&](auto&& spoil) {
    auto judgements = std::make_shared<ShardJudgements>();
    judgements->events = {0};
    judgements->judgements.resize(1);
    spoil(*judgements);
    return decode_judgements(
      encode_judgements(*asked, std::vector<ShardJudgementsPtr>{judgements}),
      *rows, ShardSet{}.set(user));
  };
  CAF_CHECK(answer([&](auto& spoilt) { spoilt.absent = {user}; }));
  CAF_CHECK(!answer([&](auto& spoilt) { spoilt.absent = {user ^ 1U}; }));
  CAF_CHECK(!answer([&](auto& spoilt) { spoilt.handed_over = {200}; }));
  for (const auto score : {-0.1F, 1.1F, std::numeric_limits<float>::infinity(),
                           std::numeric_limits<float>::quiet_NaN()})
    CAF_CHECK(
      !answer([&](auto& spoilt) { spoilt.judgements[0].score = score; }));
}
