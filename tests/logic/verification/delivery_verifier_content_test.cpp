// What is in the records that came out: theirs, and what the node may add.

#define CAF_SUITE delivery_verifier_content

#include "tests/logic/verification/verifier_fixture.hpp"

using namespace millrace::tests;

CAF_TEST(a_changed_member_is_a_corruption) {
  VerifierFixture verifier;
  verifier.outputs(10, 12);
  verifier.output_text(VerifierFixture::spliced(R"({"user_id": "u99"})", 12));
  verifier.outputs(13, 15);
  check_place(only_offender(verifier.verify.finish(), Fault::corrupted), 12);
}

CAF_TEST(a_changed_key_is_a_corruption) {
  VerifierFixture verifier;
  verifier.outputs(10, 14);
  const auto value = VerifierFixture::spliced(VerifierFixture::value_of(14),
                                              14);
  auto view = VerifierFixture::record(value);
  view.key = "yek";
  verifier.verify.output(PartitionId{0}, view);
  check_place(only_offender(verifier.verify.finish(), Fault::corrupted), 14);
}

CAF_TEST(an_output_with_broken_json_is_a_corruption) {
  VerifierFixture verifier;
  verifier.outputs(10, 14);
  auto value = VerifierFixture::spliced(VerifierFixture::value_of(14), 14);
  value.replace(value.find("{}"), 2, "{]");
  verifier.output_text(value);
  check_place(only_offender(verifier.verify.finish(), Fault::corrupted), 14);
}

CAF_TEST(an_added_member_that_occurs_twice_is_a_corruption) {
  VerifierFixture verifier;
  verifier.outputs(10, 14);
  auto value = VerifierFixture::value_of(14);
  value.insert(1, R"("geo":{}, )");
  verifier.output_text(VerifierFixture::spliced(value, 14));
  check_place(only_offender(verifier.verify.finish(), Fault::corrupted), 14);
}

CAF_TEST(members_that_the_node_replaces_may_differ) {
  VerifierFixture verifier;
  verifier.input(14, R"({"geo": 1, "user_id": "u", "\u0067eo": 2, "so": 3})");
  verifier.outputs(10, 14);
  verifier.output_text(
    VerifierFixture::spliced(R"({"user_id": "u", "so": 3})", 14));
  CAF_CHECK(verifier.verify.finish().conclusion == Conclusion::passed);
}

CAF_TEST(a_corrupted_dead_letter_is_found) {
  const auto right = VerifierFixture::value_of(14);
  auto wrong = right;
  wrong[5] ^= 1;
  struct Case {
    std::string value;
    std::optional<std::string_view> key;
    bool good;
  };
  for (const auto& [value, key, good] :
       {Case{right, "key", true}, Case{wrong, "key", false},
        Case{right, "yek", false}, Case{right, std::nullopt, false},
        Case{right + " ", "key", false}, Case{"", "key", false}}) {
    VerifierFixture verifier;
    verifier.outputs(10, 14);
    verifier.dead(14, value, key);
    const auto report = verifier.verify.finish();
    if (good)
      CAF_CHECK(report.conclusion == Conclusion::passed);
    else
      check_place(only_offender(report, Fault::corrupted), 14);
  }
}

CAF_TEST(an_output_of_something_that_is_no_object_is_a_corruption) {
  VerifierFixture verifier;
  verifier.input(14, "[1, 2]");
  verifier.outputs(10, 15);
  check_place(only_offender(verifier.verify.finish(), Fault::corrupted), 14);
}

CAF_TEST(a_tombstone_is_not_an_empty_dead_letter) {
  for (const bool same : {true, false}) {
    VerifierFixture verifier;
    RecordView view;
    view.key = "key";
    view.offset = Offset{14};
    verifier.verify.input(PartitionId{2}, view);
    verifier.outputs(10, 14);
    if (!same)
      view.value = "";
    std::string headers;
    append_provenance(headers, {topic, PartitionId{2}, Offset{14}});
    view.headers = headers;
    verifier.verify.dead_letter(PartitionId{0}, view);
    CAF_CHECK_EQUAL(verifier.verify.finish().total.corrupted, same ? 0U : 1U);
  }
}

CAF_TEST(a_key_that_is_made_up_of_the_place_is_no_other_key) {
  for (const bool of_this_place : {true, false}) {
    VerifierFixture verifier;
    RecordView view;
    view.value = "bad";
    view.offset = Offset{14};
    verifier.verify.input(PartitionId{2}, view);
    verifier.outputs(10, 14);
    std::string headers;
    append_provenance(headers, {topic, PartitionId{2}, Offset{14}});
    view.headers = headers;
    const auto key = place_key(
      {topic, PartitionId{2}, Offset{of_this_place ? 14 : 15}});
    view.key = key;
    verifier.verify.dead_letter(PartitionId{0}, view);
    CAF_CHECK_EQUAL(verifier.verify.finish().total.corrupted,
                    of_this_place ? 0U : 1U);
  }
}

CAF_TEST(a_dead_letter_without_its_value_is_known_by_the_digest) {
  struct Case {
    std::optional<OmittedBytes> value;
    std::optional<OmittedBytes> key;
    std::optional<std::string_view> left;
    bool good;
  };
  const auto value = omit(VerifierFixture::value_of(14));
  for (const auto& [of_value, of_key, left, good] :
       {Case{value, std::nullopt, "key", true},
        Case{value, omit("key"), std::nullopt, true},
        Case{value, std::nullopt, std::nullopt, false},
        Case{value, omit("yek"), std::nullopt, false},
        Case{omit("another"), std::nullopt, "key", false},
        Case{std::nullopt, std::nullopt, "key", false}}) {
    VerifierFixture verifier;
    verifier.outputs(10, 14);
    DeadLetterNote note;
    note.source = {topic, PartitionId{2}, Offset{14}};
    note.value = of_value;
    note.key = of_key;
    std::string headers;
    append_dead_letter_note(headers, note);
    RecordView view;
    view.key = left;
    view.headers = headers;
    verifier.verify.dead_letter(PartitionId{0}, view);
    const auto report = verifier.verify.finish();
    CAF_CHECK_EQUAL(report.total.references, good ? 1U : 0U);
    if (good)
      CAF_CHECK(report.conclusion == Conclusion::passed);
    else
      check_place(only_offender(report, Fault::corrupted), 14);
  }
}
