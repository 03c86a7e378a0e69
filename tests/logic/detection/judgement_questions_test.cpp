#define CAF_SUITE judgement_questions

#include "logic/detection/judgement_questions.hpp"

#include "logic/detection/login_rows_codec.hpp"

#include "tests/logic/detection/login_batch.hpp"

#include "caf/test/dsl.hpp"

#include <memory>
#include <string>
#include <vector>

using namespace millrace::logic;
using namespace millrace::logic::detection;
using millrace::tests::login_batch;
using millrace::tests::LoginText;
using Questions = JudgementQuestions;

namespace {

LoginRowsPtr rows_of(std::size_t users) {
  std::vector<LoginText> logins(users);
  for (std::size_t user = 0; user != users; ++user)
    logins[user].user = std::to_string(user);
  return LoginRowBuilder{DetectionConfig{}}.rows_of(*login_batch(logins));
}

ShardJudgementsPtr answer_of(const std::string& model) {
  auto judgements = std::make_shared<ShardJudgements>();
  judgements->model_id = model;
  return judgements;
}

const Judge detector_0{Judge::Kind::detector, 0};
const Judge detector_1{Judge::Kind::detector, 1};
const Judge nobody{Judge::Kind::nobody, 0};

constexpr auto any = [](const Questions::Question&, const Questions::Part&) {
  return true;
};

} // namespace

CAF_TEST(a_question_is_answered_when_all_its_parts_are) {
  Questions questions;
  const auto number = questions.open(rows_of(3), {});
  const auto first = questions.add(number, detector_0, {});
  const auto second = questions.add(number, detector_1, {});
  CAF_CHECK_EQUAL(questions.find(number)->due, 2u);
  CAF_CHECK(questions.answer({number, second}, answer_of("b")));
  CAF_CHECK_EQUAL(questions.find(number)->due, 1u);
  // An answer that comes twice, or late, changes nothing.
  CAF_CHECK(!questions.answer({number, second}, answer_of("c")));
  CAF_CHECK(questions.answer({number, first}, answer_of("a")));
  CAF_CHECK_EQUAL(questions.find(number)->due, 0u);
  const auto answers = questions.close(number);
  CAF_REQUIRE_EQUAL(answers.size(), 2u);
  CAF_CHECK_EQUAL(answers[0]->model_id, "a");
  CAF_CHECK_EQUAL(answers[1]->model_id, "b");
  CAF_CHECK(questions.find(number) == nullptr);
  CAF_CHECK(!questions.answer({number, first}, answer_of("d")));
  CAF_CHECK(questions.close(number).empty());
}

CAF_TEST(parts_that_are_due_are_found_oldest_first) {
  Questions questions;
  for (int i = 0; i != 3; ++i) {
    const auto number = questions.open(rows_of(1), {});
    questions.add(number, detector_0, {});
    questions.add(number, detector_1, {});
  }
  questions.answer({1, 0}, answer_of("a"));
  CAF_CHECK_EQUAL(questions.due(any).size(), 5u);
  const auto due = questions.due(
    [](const auto&, const auto& part) { return part.judge == detector_0; });
  CAF_REQUIRE_EQUAL(due.size(), 2u);
  CAF_CHECK_EQUAL(due[0].number, 0u);
  CAF_CHECK_EQUAL(due[1].number, 2u);
  CAF_CHECK(questions.find(Questions::Due{1, 0}) == nullptr);
}

CAF_TEST(a_part_may_be_added_while_others_are_answered) {
  Questions questions;
  const auto number = questions.open(rows_of(1), {});
  const auto waiting = questions.add(number, nobody, {});
  const auto asked = questions.add(number, detector_0, {});
  questions.answer({number, waiting}, answer_of(""));
  CAF_CHECK_EQUAL(questions.find(number)->due, 1u);
  questions.answer({number, asked}, answer_of(""));
  CAF_CHECK_EQUAL(questions.close(number).size(), 2u);
}

CAF_TEST(what_is_owed_is_paid_once_an_owner_is_there) {
  OwedRows owed{1U << 20U};
  const auto older = rows_of(40);
  const auto newer = rows_of(40);
  ShardSet shards;
  shards.set(3).set(5);
  owed.add(older, shards);
  owed.add(newer, shards);
  CAF_CHECK(owed.take(shards).empty());
  const auto paid = owed.take(ShardSet{}.set(3));
  CAF_REQUIRE_EQUAL(paid.size(), 2u);
  CAF_CHECK(paid[0].rows == older);
  CAF_CHECK(paid[1].rows == newer);
  CAF_CHECK(paid[0].shards == ShardSet{}.set(5));
  CAF_CHECK_EQUAL(owed.take({}).size(), 2u);
  CAF_CHECK(owed.take({}).empty());
  CAF_CHECK_EQUAL(owed.bytes(), 0u);
}

CAF_TEST(debts_are_bounded_and_the_oldest_are_forgotten) {
  const auto rows = rows_of(200);
  const auto each = encoded_bytes(*rows, ShardSet{}.set());
  OwedRows owed{3 * each};
  std::vector<LoginRowsPtr> given;
  for (int i = 0; i != 10; ++i) {
    given.push_back(rows_of(200));
    owed.add(given.back(), ShardSet{}.set());
  }
  CAF_CHECK_LESS_OR_EQUAL(owed.bytes(), 3 * each);
  const auto paid = owed.take({});
  CAF_REQUIRE_EQUAL(paid.size(), 3u);
  CAF_CHECK(paid.back().rows == given.back());
  CAF_CHECK(paid.front().rows == given[7]);
}
