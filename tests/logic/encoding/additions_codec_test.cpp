#define CAF_SUITE additions_codec

#include "logic/encoding/additions_codec.hpp"

#include "logic/core/little_endian.hpp"
#include "tests/support/record_values.hpp"

#include "caf/test/dsl.hpp"

#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using namespace millrace::logic;
using namespace millrace::tests;

namespace {

void append_output(EncodedBatch& batch, std::uint32_t record,
                   std::string_view value) {
  EncodedRecord output;
  output.record = record;
  output.begin = static_cast<std::uint32_t>(batch.bytes.size());
  output.length = static_cast<std::uint32_t>(value.size());
  batch.bytes += value;
  batch.records.push_back(output);
}

void append_dead(EncodedBatch& batch, std::uint32_t record, Reason reason,
                 std::string detail) {
  EncodedRecord dead;
  dead.record = record;
  dead.dead = true;
  dead.reason = reason;
  dead.detail = static_cast<std::uint32_t>(batch.details.size());
  batch.details.push_back(std::move(detail));
  batch.records.push_back(dead);
}

/// Texts of two letters, so that chance makes them begin and end alike.
std::string random_text(std::mt19937_64& random, std::size_t least,
                        std::size_t most) {
  std::string text(least + random() % (most - least), 'a');
  for (auto& letter : text)
    if (random() % 8 == 0)
      letter = 'b';
  return text;
}

EncodedBatch random_result(std::mt19937_64& random) {
  std::vector<std::optional<std::string>> values;
  const auto count = 1 + random() % 30;
  for (std::size_t index = 0; index != count; ++index)
    values.push_back(random() % 10 == 0
                       ? std::nullopt
                       : std::optional{random_text(random, 0, 60)});
  EncodedBatch batch;
  batch.raw = batch_of(values);
  for (std::uint32_t record = 0; record != values.size(); ++record) {
    if (!values[record] || random() % 5 == 0)
      append_dead(batch, record, static_cast<Reason>(random() % reason_count),
                  random_text(random, 0, 20));
    else if (random() % 3 == 0)
      append_output(batch, record, random_text(random, 1, 90));
    else
      append_output(batch, record,
                    *values[record] + random_text(random, 1, 20));
  }
  return batch;
}

void check_same(const EncodedBatch& left, const EncodedBatch& right) {
  CAF_CHECK_EQUAL(left.bytes, right.bytes);
  CAF_CHECK_EQUAL(left.details, right.details);
  CAF_REQUIRE_EQUAL(left.records.size(), right.records.size());
  for (std::size_t index = 0; index != left.records.size(); ++index) {
    const auto& mine = left.records[index];
    const auto& theirs = right.records[index];
    CAF_CHECK_EQUAL(mine.record, theirs.record);
    CAF_REQUIRE_EQUAL(mine.dead, theirs.dead);
    CAF_CHECK_EQUAL(mine.begin, theirs.begin);
    CAF_CHECK_EQUAL(mine.length, theirs.length);
    CAF_CHECK(mine.reason == theirs.reason);
    CAF_CHECK_EQUAL(mine.detail, theirs.detail);
  }
}

/// A result of one record, written by hand.
std::string bytes_of(const std::vector<std::uint64_t>& head,
                     const std::string& rest, std::uint32_t count = 1) {
  std::string heads;
  for (const auto number : head)
    append_varint(heads, number);
  std::string bytes;
  append_little_endian(bytes, count);
  append_little_endian(bytes, static_cast<std::uint32_t>(heads.size()));
  return bytes + heads + rest;
}

constexpr std::uint64_t dead = 1;

} // namespace

CAF_TEST(results_cross_whole) {
  std::mt19937_64 random{1};
  for (int round = 0; round != 500; ++round) {
    const auto batch = random_result(random);
    const auto decoded = decode_additions(encode_additions(batch), batch.raw);
    CAF_REQUIRE(decoded);
    CAF_CHECK((*decoded)->raw == batch.raw);
    check_same(batch, **decoded);
  }
}

CAF_TEST(only_additions_travel) {
  const std::string value = R"({"user_id":"u-1","app":")"
                            + std::string(200, 'x') + R"("})";
  const std::string added = R"(,"ip_class":"public")";
  EncodedBatch batch;
  batch.raw = batch_of({value});
  append_output(batch, 0, value.substr(0, value.size() - 1) + added + '}');
  CAF_CHECK_LESS_OR_EQUAL(encode_additions(batch).size(), added.size() + 14);
}

CAF_TEST(every_cut_and_every_tail_is_refused) {
  std::mt19937_64 random{2};
  for (int round = 0; round != 20; ++round) {
    const auto batch = random_result(random);
    const auto bytes = encode_additions(batch);
    for (std::size_t length = 0; length != bytes.size(); ++length)
      CAF_CHECK(!decode_additions(std::string_view{bytes}.substr(0, length),
                                  batch.raw));
    CAF_CHECK(!decode_additions(bytes + 'x', batch.raw));
  }
}

CAF_TEST(what_no_lane_makes_is_refused) {
  const auto raw = batch_of({"abcdef"});
  const auto nothing = batch_of({std::nullopt});
  CAF_CHECK(decode_additions(bytes_of({3 << 1, 3, 1}, "x"), raw));
  CAF_CHECK(!decode_additions(bytes_of({3 << 1, 4, 1}, "x"), raw));
  CAF_CHECK(!decode_additions(bytes_of({7 << 1, 0, 1}, "x"), raw));
  CAF_CHECK(!decode_additions(bytes_of({~std::uint64_t{1}, 0, 1}, "x"), raw));
  CAF_CHECK(!decode_additions(bytes_of({0, ~std::uint64_t{0}, 1}, "x"), raw));
  CAF_CHECK(!decode_additions(bytes_of({0, 0, ~std::uint64_t{0}}, "x"), raw));
  CAF_CHECK(!decode_additions(bytes_of({0, 0, 0}, ""), raw));
  CAF_CHECK(!decode_additions(bytes_of({0, 0, 1}, "x"), nothing));
  CAF_CHECK(decode_additions(bytes_of({0 | dead, 1}, "x"), nothing));
  CAF_CHECK(
    !decode_additions(bytes_of({reason_count << 1 | dead, 1}, "x"), raw));
  CAF_CHECK(!decode_additions(bytes_of({dead, max_detail_bytes + 1},
                                       std::string(max_detail_bytes + 1, 'x')),
                              raw));
  CAF_CHECK(!decode_additions(bytes_of({3 << 1, 3, 1}, "x", 2), raw));
  CAF_CHECK(!decode_additions(bytes_of({3 << 1, 3, 1}, "x", ~0U), raw));
}

CAF_TEST(long_details_are_cut) {
  EncodedBatch batch;
  batch.raw = batch_of({"x"});
  append_dead(batch, 0, Reason::not_json, std::string(10'000, 'd'));
  const auto decoded = decode_additions(encode_additions(batch), batch.raw);
  CAF_REQUIRE(decoded);
  CAF_CHECK_EQUAL((*decoded)->details.at(0).size(), max_detail_bytes);
}

CAF_TEST(random_changes_are_decoded_or_refused_and_never_more) {
  std::mt19937_64 random{4};
  for (int round = 0; round != 20'000; ++round) {
    const auto batch = random_result(random);
    auto bytes = encode_additions(batch);
    for (int change = 0; change != 3; ++change)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    const auto decoded = decode_additions(bytes, batch.raw);
    if (!decoded)
      continue;
    CAF_REQUIRE_EQUAL((*decoded)->records.size(), batch.raw->size());
    CAF_REQUIRE_LESS_OR_EQUAL((*decoded)->bytes.size(),
                              batch.raw->payload_bytes() + bytes.size());
  }
}
