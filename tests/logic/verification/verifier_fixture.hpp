#pragma once

#include "logic/verification/delivery_verifier.hpp"

#include "caf/test/dsl.hpp"

#include "logic/records/provenance.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::tests {

using namespace millrace::logic;
using namespace millrace::logic::verification;

inline const std::string topic = "user-login";

/// One partition with inputs 10 to 14, whose records are easy to make.
struct VerifierFixture {
  explicit VerifierFixture(VerifierConfig config = {}, Offset high = Offset{15})
    : verify((config.topic = topic, config)) {
    CAF_REQUIRE(verify.add_range({PartitionId{2}, Offset{10}, Offset{15}, high})
                  .has_value());
    for (std::int64_t offset = 10; offset != 15; ++offset)
      input(offset, value_of(offset));
  }

  static std::string value_of(std::int64_t offset) {
    return R"({"user_id": "u)" + std::to_string(offset)
           + R"(", "extra": [1, {"a": "}"}]})";
  }

  static std::string spliced(std::string value, std::int64_t offset) {
    value.pop_back();
    value += R"(,"processed_at":"2024-07-03T00:00:00Z","geo":{},)";
    append_source_member(value, {topic, PartitionId{2}, Offset{offset}});
    return value + '}';
  }

  static RecordView record(const std::string& value) {
    RecordView view;
    view.key = "key";
    view.value = value;
    return view;
  }

  void input(std::int64_t offset, const std::string& value) {
    auto view = record(value);
    view.offset = Offset{offset};
    verify.input(PartitionId{2}, view);
  }

  void output_text(const std::string& value, const std::string& headers = {}) {
    auto view = record(value);
    view.offset = Offset{next++};
    view.headers = headers;
    verify.output(PartitionId{0}, view);
  }

  void output(std::int64_t offset) {
    output_text(spliced(value_of(offset), offset));
  }

  void outputs(std::int64_t begin, std::int64_t end) {
    for (; begin != end; ++begin)
      output(begin);
  }

  void dead(std::int64_t offset, const std::string& value,
            std::optional<std::string_view> key = "key") {
    DeadLetterNote note;
    note.source = {topic, PartitionId{2}, Offset{offset}};
    std::string headers;
    append_dead_letter_note(headers, note);
    RecordView view = record(value);
    view.key = key;
    view.headers = headers;
    verify.dead_letter(PartitionId{0}, view);
  }

  DeliveryVerifier verify;
  std::int64_t next = 100;
};

inline VerifierConfig exactly_once() {
  VerifierConfig config;
  config.guarantee = Guarantee::exactly_once;
  return config;
}

/// The one offender of a report that failed.
inline Offender only_offender(const VerificationReport& report, Fault fault) {
  CAF_CHECK(report.conclusion == Conclusion::failed);
  CAF_REQUIRE_EQUAL(report.offenders.size(), 1U);
  CAF_CHECK(report.offenders[0].fault == fault);
  return report.offenders[0];
}

inline void check_place(const Offender& offender, std::int64_t offset) {
  CAF_REQUIRE(offender.partition && offender.offset);
  CAF_CHECK_EQUAL(offender.partition->value, 2);
  CAF_CHECK_EQUAL(offender.offset->value, offset);
}

} // namespace millrace::tests
