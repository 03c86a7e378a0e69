#define CAF_SUITE model

#include "logic/detection/forest_trainer.hpp"
#include "logic/detection/model.hpp"

#include "tests/logic/detection/sample_rows.hpp"

#include "caf/test/dsl.hpp"

#include <cstring>
#include <limits>

#define XXH_INLINE_ALL
#include <xxhash.h>

using namespace millrace::logic;
using namespace millrace::logic::detection;
using millrace::tests::random_rows;

namespace {

constexpr std::size_t header_bytes = 28;

ModelPtr small_model(std::size_t trees = 3) {
  const auto rows = random_rows(400, 3, 71);
  FitOptions options;
  options.trees = trees;
  options.sample_size = 64;
  options.contamination = 0.01;
  options.seed = 99;
  auto model = fit_model(rows.view(), {"alpha", "beta", ""}, options);
  CAF_REQUIRE(model);
  return *model;
}

/// Makes length and checksum fit the content again, to reach what is behind.
std::string sealed(std::string bytes) {
  const std::uint64_t length = bytes.size() - header_bytes;
  const std::uint64_t checksum = XXH3_64bits(bytes.data() + header_bytes,
                                             length);
  std::memcpy(bytes.data() + 12, &length, sizeof length);
  std::memcpy(bytes.data() + 20, &checksum, sizeof checksum);
  return bytes;
}

template <class T>
std::string with_number(std::string bytes, std::size_t place, T number) {
  std::memcpy(bytes.data() + header_bytes + place, &number, sizeof number);
  return sealed(std::move(bytes));
}

void refuses(std::string_view bytes, ErrorCode code, std::string_view word) {
  const auto model = decode_model(bytes);
  CAF_REQUIRE(!model);
  CAF_CHECK_EQUAL(model.error().code, code);
  if (model.error().text.find(word) == std::string::npos)
    CAF_ERROR("'" << model.error().text << "' does not say '" << word << "'");
}

} // namespace

CAF_TEST(a_model_survives_the_way_through_bytes) {
  const auto model = small_model();
  const auto bytes = encode_model(*model);
  const auto again = decode_model(bytes);
  CAF_REQUIRE(again);
  const auto& info = (*again)->info;
  CAF_CHECK_EQUAL(info.id, model->info.id);
  CAF_CHECK_EQUAL(info.id.size(), 16u);
  CAF_CHECK_EQUAL(info.threshold, model->info.threshold);
  CAF_CHECK_EQUAL(info.feature_names, model->info.feature_names);
  CAF_CHECK_EQUAL(info.training_rows, 400u);
  CAF_CHECK_EQUAL(info.seed, 99u);
  CAF_CHECK_EQUAL(info.contamination, 0.01);
  CAF_CHECK_EQUAL(encode_model(**again), bytes);
  const auto rows = random_rows(100, 3, 72);
  std::vector<float> before(100);
  std::vector<float> after(100);
  model->compiled.score(rows.view(), before);
  (*again)->compiled.score(rows.view(), after);
  CAF_CHECK_EQUAL(before, after);
  for (std::size_t row = 0; row != 100; ++row)
    CAF_CHECK_EQUAL(model->forest.score(rows.view()[row]),
                    (*again)->forest.score(rows.view()[row]));
}

CAF_TEST(different_models_have_different_ids) {
  CAF_CHECK_NOT_EQUAL(small_model(3)->info.id, small_model(4)->info.id);
  CAF_CHECK_EQUAL(small_model(3)->info.id, small_model(3)->info.id);
}

CAF_TEST(every_truncation_is_refused) {
  const auto bytes = encode_model(*small_model());
  refuses("", ErrorCode::malformed, "empty");
  refuses(bytes.substr(0, 20), ErrorCode::malformed, "ends after 20 bytes");
  for (std::size_t length = 0; length != bytes.size(); ++length)
    CAF_REQUIRE(!decode_model(bytes.substr(0, length)));
  // Even where length and checksum were made to fit.
  for (auto length = header_bytes; length != bytes.size(); ++length)
    CAF_REQUIRE(!decode_model(sealed(bytes.substr(0, length))));
  refuses(bytes + "x", ErrorCode::malformed, "promises");
  refuses(sealed(bytes + "x"), ErrorCode::malformed, "1 bytes are left");
}

CAF_TEST(every_flipped_bit_is_refused) {
  const auto bytes = encode_model(*small_model());
  for (std::size_t bit = 0; bit != bytes.size() * 8; ++bit) {
    auto flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    CAF_REQUIRE(!decode_model(flipped));
  }
}

CAF_TEST(foreign_files_and_other_versions_are_named_as_such) {
  refuses("\x7F"
          "ELF and more",
          ErrorCode::malformed, "not a millrace model");
  refuses("{}", ErrorCode::malformed, "not a millrace model");
  auto bytes = encode_model(*small_model());
  bytes[8] = 2;
  refuses(bytes, ErrorCode::unsupported, "format version 2");
}

CAF_TEST(absurd_contents_are_refused_although_the_checksum_fits) {
  const auto bytes = encode_model(*small_model());
  constexpr std::uint32_t huge = 0xFFFFFFFF;
  constexpr auto nan = std::numeric_limits<float>::quiet_NaN();
  refuses(with_number(bytes, 0, nan), ErrorCode::malformed, "threshold");
  refuses(with_number(bytes, 0, 3.0F), ErrorCode::malformed, "threshold");
  refuses(with_number(bytes, 4, -1.0), ErrorCode::malformed, "contamination");
  refuses(with_number(bytes, 28, huge), ErrorCode::malformed, "features");
  refuses(with_number(bytes, 28, 0U), ErrorCode::malformed, "features");
  refuses(with_number(bytes, 32, huge), ErrorCode::malformed, "samples of");
  refuses(with_number(bytes, 36, huge), ErrorCode::malformed, "trees");
  refuses(with_number(bytes, 36, 0U), ErrorCode::malformed, "0 trees");
  // Behind the names (1+5, 1+4, 1+0 bytes) the first node of the first tree.
  constexpr std::size_t node = 40 + 12;
  refuses(with_number(bytes, node, std::uint16_t{9}), ErrorCode::malformed,
          "tree 1 of 3: a test on feature 9");
  refuses(with_number(bytes, node + 2, nan), ErrorCode::malformed,
          "not a number");
  // A sample of two rows allows one level.
  refuses(with_number(bytes, 32, 2U), ErrorCode::malformed, "deeper than 1");
  refuses(with_number(with_number(bytes, node, std::uint16_t{0xFFFF}), node + 2,
                      99.0F),
          ErrorCode::malformed, "path length of 99");
}

CAF_TEST(random_contents_end_in_a_model_or_an_error) {
  const auto bytes = encode_model(*small_model());
  Random random{73};
  int taken = 0;
  for (int round = 0; round != 3000; ++round) {
    auto mutated = bytes;
    for (auto changes = 1 + random.below(4); changes != 0; --changes)
      mutated[header_bytes + random.below(mutated.size() - header_bytes)]
        = static_cast<char>(random.below(256));
    const auto model = decode_model(sealed(std::move(mutated)));
    if (!model)
      continue;
    ++taken;
    const std::vector<float> row((*model)->forest.features, 1.0F);
    float score = -1.0F;
    (*model)->compiled.score({row, row.size()}, {&score, 1});
    CAF_REQUIRE(score >= 0.0F && score <= 1.0F);
  }
  CAF_CHECK_GREATER(taken, 0);
}
