#define CAF_SUITE findings_judge

#include "logic/verification/findings_judge.hpp"

#include "caf/test/dsl.hpp"

#include <string>

using namespace millrace::logic;
using namespace millrace::logic::verification;

namespace {

/// An output of that offset, with those rules.
struct Output {
  std::string text;

  Output(int offset, const std::string& user, const std::string& rules,
         const std::string& more = {}, const std::string& prefix = {})
    : text("{\"user_id\":\"" + user + "\",\"ip\":\"10.0.0.1\",\"" + prefix
           + "source\":{\"topic\":\"t\",\"partition\":0,\"offset\":"
           + std::to_string(offset) + "},\"" + prefix + "anomaly\":{\"rules\":["
           + rules + "]" + more + "}}") {}

  RecordView view() const {
    RecordView record;
    record.value = text;
    return record;
  }
};

} // namespace

CAF_TEST(the_same_findings_agree_wherever_in_a_burst_they_are) {
  FindingsJudge judge;
  judge.expected(Output{1, "ann", "\"velocity\""}.view());
  judge.expected(Output{2, "ann", ""}.view());
  judge.found(Output{2, "ann", "\"velocity\""}.view());
  judge.found(Output{1, "ann", ""}.view());
  judge.found(Output{1, "ann", ""}.view()); // written twice
  const auto report = judge.report();
  CAF_CHECK(report.agrees(1.0));
  CAF_CHECK_EQUAL(report.found.events, 2u);
  CAF_REQUIRE_EQUAL(report.rules.size(), 1u);
  CAF_CHECK_EQUAL(report.rules[0].common, 1u);
}

CAF_TEST(what_is_missing_and_what_is_invented_counts_by_rule) {
  FindingsJudge judge;
  for (int user = 0; user != 100; ++user) {
    const auto name = std::to_string(user);
    judge.expected(Output{user, name, "\"velocity\",\"new_device\""}.view());
    judge.found(Output{user, name,
                       user < 98 ? "\"velocity\",\"new_device\""
                                 : "\"new_device\",\"password_spray\"",
                       user < 5 ? ",\"judged\":false" : ""}
                  .view());
  }
  const auto report = judge.report();
  CAF_REQUIRE_EQUAL(report.rules.size(), 3u);
  CAF_CHECK_EQUAL(report.rules[0].rule, "new_device");
  CAF_CHECK_EQUAL(report.rules[1].invented, 1u); // one address
  CAF_CHECK_EQUAL(report.rules[2].missing, 2u);
  CAF_CHECK_EQUAL(report.found.unjudged, 5u);
  CAF_CHECK(!report.agrees(0.98)); // all sprays are invented
  CAF_CHECK(to_text(report).find("velocity                    98         2")
            != std::string::npos);
}

CAF_TEST(other_inputs_or_none_or_unreadable_ones_do_not_agree) {
  CAF_CHECK(!FindingsJudge{}.report().agrees(0.0));
  FindingsJudge judge;
  judge.expected(Output{1, "ann", ""}.view());
  CAF_CHECK(!judge.report().agrees(0.0));
  judge.found(Output{1, "ann", ""}.view());
  CAF_CHECK(judge.report().agrees(1.0));
  RecordView bad;
  bad.value = "{}";
  judge.found(bad);
  judge.found(RecordView{});
  CAF_CHECK_EQUAL(judge.report().found.unreadable, 2u);
  CAF_CHECK(!judge.report().agrees(0.0));
}

CAF_TEST(a_spray_is_its_addresss_whoever_it_is_told_of) {
  FindingsJudge judge;
  judge.expected(Output{1, "ann", "\"password_spray\""}.view());
  judge.expected(Output{2, "bob", ""}.view());
  judge.found(Output{1, "ann", ""}.view());
  judge.found(Output{2, "bob", "\"password_spray\""}.view());
  CAF_CHECK(judge.report().agrees(1.0));
}

CAF_TEST(members_may_have_a_prefix) {
  FindingsJudge judge{"m_"};
  judge.expected(Output{1, "ann", "\"velocity\"", "", "m_"}.view());
  judge.found(Output{1, "ann", "\"velocity\"", "", "m_"}.view());
  CAF_CHECK(judge.report().agrees(1.0));
}
