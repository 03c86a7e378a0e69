// What becomes of each record: that it ends, how often, in which order, and
// whose it is.

#define CAF_SUITE delivery_verifier

#include "tests/logic/verification/verifier_fixture.hpp"

#include "logic/records/replay_history.hpp"
#include "logic/verification/verification_report_text.hpp"

#include <boost/json/parse.hpp>

using namespace millrace::tests;

CAF_TEST(a_clean_delivery_passes) {
  VerifierFixture verifier{exactly_once()};
  verifier.outputs(10, 13);
  verifier.dead(13, VerifierFixture::value_of(13));
  verifier.output(14);
  const auto report = verifier.verify.finish();
  CAF_CHECK(report.conclusion == Conclusion::passed);
  CAF_CHECK(report.offenders.empty());
  CAF_REQUIRE_EQUAL(report.partitions.size(), 1U);
  CAF_CHECK_EQUAL(report.partitions[0].input, 5U);
  CAF_CHECK_EQUAL(report.partitions[0].output, 4U);
  CAF_CHECK_EQUAL(report.partitions[0].dead, 1U);
}

CAF_TEST(a_replayed_input_is_judged_as_one_of_its_own_and_counted) {
  VerifierConfig config;
  config.topic = topic;
  config.guarantee = Guarantee::exactly_once;
  DeliveryVerifier verify{config};
  CAF_REQUIRE(
    verify.add_range({PartitionId{2}, Offset{0}, Offset{2}, Offset{2}})
      .has_value());
  const auto value = VerifierFixture::value_of(0);
  std::string history;
  append_replay_history(history, {.replays = 1});
  auto record = VerifierFixture::record(value);
  verify.input(PartitionId{2}, record);
  record.offset = Offset{1};
  record.headers = history;
  verify.input(PartitionId{2}, record);
  std::string headers;
  DeadLetterNote note;
  note.source = {topic, PartitionId{2}, Offset{0}};
  append_dead_letter_note(headers, note);
  record.headers = headers;
  verify.dead_letter(PartitionId{0}, record);
  const auto output = VerifierFixture::spliced(value, 1);
  verify.output(PartitionId{0}, VerifierFixture::record(output));
  const auto report = verify.finish();
  CAF_CHECK(report.conclusion == Conclusion::passed);
  CAF_CHECK_EQUAL(report.total.replayed, 1U);
  CAF_CHECK_EQUAL(report.total.dead, 1U);
  CAF_CHECK(to_text(report).find("inputs replayed from the dead letters, each "
                                 "judged as one of its own: 1\n")
            != std::string::npos);
}

CAF_TEST(a_lost_record_is_found) {
  VerifierFixture verifier;
  verifier.outputs(10, 12);
  verifier.outputs(13, 15);
  check_place(only_offender(verifier.verify.finish(), Fault::lost), 12);
}

CAF_TEST(a_doubled_output_fails_exactly_once_only) {
  for (const auto guarantee :
       {Guarantee::exactly_once, Guarantee::at_least_once}) {
    VerifierConfig config;
    config.guarantee = guarantee;
    VerifierFixture verifier{config};
    verifier.outputs(10, 13);
    verifier.outputs(12, 15);
    const auto report = verifier.verify.finish();
    CAF_CHECK_EQUAL(report.total.doubled, 1U);
    CAF_CHECK_EQUAL(report.total.swapped, 0U);
    if (guarantee == Guarantee::exactly_once)
      check_place(only_offender(report, Fault::doubled), 12);
    else
      CAF_CHECK(report.conclusion == Conclusion::passed);
  }
}

CAF_TEST(an_output_and_a_dead_letter_of_one_record_are_a_double) {
  VerifierFixture verifier{exactly_once()};
  verifier.outputs(10, 15);
  verifier.dead(11, VerifierFixture::value_of(11));
  check_place(only_offender(verifier.verify.finish(), Fault::doubled), 11);
}

CAF_TEST(a_swap_is_found_at_the_late_record) {
  VerifierFixture verifier;
  verifier.outputs(10, 12);
  verifier.output(13);
  verifier.output(12);
  verifier.output(14);
  const auto offender = only_offender(verifier.verify.finish(), Fault::swapped);
  check_place(offender, 12);
  CAF_CHECK(offender.detail.find("13") != std::string::npos);
}

CAF_TEST(outputs_without_an_input_are_foreign) {
  for (const std::int64_t offset : {15, 1000}) {
    VerifierFixture verifier;
    verifier.outputs(10, 15);
    verifier.output_text(
      VerifierFixture::spliced(VerifierFixture::value_of(14), offset));
    check_place(only_offender(verifier.verify.finish(), Fault::foreign),
                offset);
  }
}

CAF_TEST(an_output_of_a_compacted_offset_is_foreign) {
  VerifierConfig config;
  config.topic = topic;
  DeliveryVerifier verify{config};
  CAF_REQUIRE(
    verify.add_range({PartitionId{2}, Offset{0}, Offset{9}, Offset{9}})
      .has_value());
  const auto value = VerifierFixture::spliced(VerifierFixture::value_of(3), 3);
  verify.output(PartitionId{0}, VerifierFixture::record(value));
  check_place(only_offender(verify.finish(), Fault::foreign), 3);
}

CAF_TEST(an_output_without_provenance_is_foreign) {
  VerifierFixture verifier;
  verifier.outputs(10, 15);
  verifier.output_text(R"({"user_id": "u"})");
  const auto offender = only_offender(verifier.verify.finish(), Fault::foreign);
  CAF_CHECK(!offender.partition);
  CAF_CHECK(offender.detail.find("offset 105") != std::string::npos);
}

CAF_TEST(an_output_of_an_unknown_partition_is_foreign) {
  VerifierFixture verifier;
  verifier.outputs(10, 15);
  std::string headers;
  append_provenance(headers, {topic, PartitionId{7}, Offset{12}});
  verifier.output_text(R"({"user_id": "u"})", headers);
  CAF_CHECK_EQUAL(
    only_offender(verifier.verify.finish(), Fault::foreign).partition->value,
    7);
}

CAF_TEST(other_topics_and_offsets_outside_the_range_are_ignored) {
  VerifierFixture verifier{exactly_once(), Offset{20}};
  verifier.outputs(8, 19);
  std::string headers;
  append_provenance(headers, {"elsewhere", PartitionId{2}, Offset{12}});
  verifier.output_text(R"({"user_id": "u"})", headers);
  const auto report = verifier.verify.finish();
  CAF_CHECK(report.conclusion == Conclusion::passed);
  CAF_CHECK_EQUAL(report.other_topic, 1U);
  CAF_CHECK_EQUAL(report.outside_range, 6U);
  CAF_CHECK_EQUAL(report.total.output, 5U);
}

CAF_TEST(provenance_is_read_from_headers_too) {
  VerifierFixture verifier{exactly_once()};
  verifier.outputs(10, 14);
  auto value = VerifierFixture::value_of(14);
  // From an earlier node, and carried over as it is.
  value.insert(1,
               R"("source": {"topic": "raw", "partition": 0, "offset": 1},)");
  std::string headers;
  append_provenance(headers, {topic, PartitionId{2}, Offset{14}});
  verifier.input(14, value);
  verifier.output_text(value, headers);
  CAF_CHECK(verifier.verify.finish().conclusion == Conclusion::passed);
}

CAF_TEST(what_retention_removed_is_unproven_and_not_lost) {
  VerifierFixture verifier{exactly_once()};
  verifier.verify.outlet({.outlet = Outlet::output,
                          .partition = PartitionId{0},
                          .partition_count = 2,
                          .truncated = true});
  verifier.output(12);
  verifier.output(14);
  const auto report = verifier.verify.finish();
  CAF_CHECK_EQUAL(report.total.unproven, 2U);
  check_place(only_offender(report, Fault::lost), 13);
}

CAF_TEST(nothing_wrong_in_what_is_left_is_incomplete) {
  VerifierFixture verifier{exactly_once()};
  verifier.verify.outlet({.outlet = Outlet::output,
                          .partition = PartitionId{0},
                          .partition_count = 1,
                          .truncated = true});
  verifier.outputs(12, 15);
  CAF_CHECK(verifier.verify.finish().conclusion == Conclusion::incomplete);
}

CAF_TEST(what_retention_took_between_the_last_ending_and_the_range_is_counted) {
  for (const bool cut : {false, true}) {
    VerifierConfig config;
    config.topic = topic;
    DeliveryVerifier verify{config};
    CAF_REQUIRE(verify.add_range(
      {PartitionId{0}, Offset{45}, Offset{45}, Offset{45}, cut}));
    for (const auto offset : {3, 9, 8}) {
      const auto text = R"({"source": {"topic": ")" + std::string{topic}
                        + R"(", "partition": 0, "offset": )"
                        + std::to_string(offset) + "}}";
      RecordView record;
      record.value = text;
      verify.output(PartitionId{0}, record);
    }
    const auto report = verify.finish();
    CAF_CHECK_EQUAL(report.outside_range, 3U);
    CAF_CHECK_EQUAL(report.total.skipped, cut ? 35U : 0U);
    CAF_CHECK(report.conclusion
              == (cut ? Conclusion::incomplete : Conclusion::passed));
  }
}

CAF_TEST(retention_elsewhere_excuses_no_loss) {
  VerifierFixture verifier;
  // Source partition 2 goes to partition 0 of 2.
  verifier.verify.outlet({.outlet = Outlet::dead_letters,
                          .partition = PartitionId{1},
                          .partition_count = 2,
                          .truncated = true});
  verifier.outputs(11, 15);
  check_place(only_offender(verifier.verify.finish(), Fault::lost), 10);
}

CAF_TEST(ranges_that_make_no_sense_are_refused) {
  VerifierConfig config;
  config.topic = topic;
  config.offset_limit = 100;
  DeliveryVerifier verify{config};
  auto add_range = [&verify](int partition, int begin, int end, int high) {
    return verify
      .add_range(
        {PartitionId{partition}, Offset{begin}, Offset{end}, Offset{high}})
      .has_value();
  };
  CAF_CHECK(!add_range(0, 5, 4, 9));
  CAF_CHECK(!add_range(0, 5, 9, 8));
  CAF_CHECK(!add_range(0, 0, 101, 101));
  CAF_CHECK(add_range(0, 0, 60, 60));
  CAF_CHECK(!add_range(0, 60, 70, 70));
  CAF_CHECK(!add_range(1, 0, 41, 41));
  CAF_CHECK(add_range(1, 0, 40, 40));
}

CAF_TEST(only_the_first_offenders_of_each_fault_are_kept) {
  auto config = exactly_once();
  config.offender_limit = 2;
  VerifierFixture verifier{config};
  verifier.output(10);
  for (int repeat = 0; repeat != 3; ++repeat)
    verifier.output(10);
  const auto report = verifier.verify.finish();
  CAF_CHECK_EQUAL(report.offenders.size(), 4U);
  CAF_CHECK_EQUAL(report.total.doubled, 3U);
  CAF_CHECK_EQUAL(report.total.lost, 4U);
  CAF_CHECK(report.offenders[0].fault == Fault::lost);
  CAF_CHECK_EQUAL(report.offenders[1].offset->value, 12);
}

CAF_TEST(the_report_names_counts_and_offenders) {
  VerifierFixture verifier;
  verifier.outputs(10, 12);
  verifier.outputs(13, 15);
  const auto report = verifier.verify.finish();
  const auto text = to_text(report);
  CAF_CHECK(text.find("10..15") != std::string::npos);
  CAF_CHECK(text.find("lost: partition 2 offset 12: ") != std::string::npos);
  CAF_CHECK(text.find("verdict: failed\n") != std::string::npos);
  const auto json = boost::json::parse(to_json(report)).as_object();
  CAF_CHECK_EQUAL(json.at("verdict").as_string(), "failed");
  CAF_CHECK_EQUAL(json.at("total").at("lost").to_number<int>(), 1);
  CAF_CHECK_EQUAL(json.at("partitions").at(0).at("begin").to_number<int>(), 10);
  CAF_CHECK_EQUAL(json.at("offenders").at(0).at("offset").to_number<int>(), 12);
}
