#define CAF_SUITE login_rows_codec

#include "logic/detection/login_rows_codec.hpp"

#include "logic/detection/user_hash.hpp"

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

CAF_TEST(rows_cross_whole) {
  const auto rows = rows_of(login_batch(attack(), 1000, 7));
  const auto decoded = decode_rows(encode_rows(*rows, all()), shard_count);
  CAF_REQUIRE(decoded);
  CAF_CHECK_EQUAL(decoded->topic, "logins");
  CAF_CHECK(decoded->partition == PartitionId{7});
  CAF_CHECK(decoded->first == Offset{1000});
  CAF_CHECK(decoded->last == rows->last);
  CAF_CHECK_EQUAL(decoded->user_begins, rows->user_begins);
  CAF_CHECK_EQUAL(decoded->address_begins, rows->address_begins);
  for (std::size_t index = 0; index != rows->users.size(); ++index) {
    const auto& sent = rows->users[index];
    const auto& got = decoded->users[index];
    CAF_CHECK_EQUAL(got.event, index);
    CAF_CHECK_EQUAL(got.user_hash, sent.user_hash);
    CAF_CHECK(got.offset == sent.offset);
    CAF_CHECK(got.words == sent.words);
    CAF_CHECK_EQUAL(got.login.time_ms, sent.login.time_ms);
    CAF_CHECK(got.login.status == sent.login.status);
    CAF_CHECK_EQUAL(got.login.device, sent.login.device);
    CAF_CHECK_EQUAL(got.login.address, sent.login.address);
  }
  CAF_CHECK_EQUAL(decoded->addresses.size(), 60u);
}

CAF_TEST(only_the_shards_that_are_asked_about_travel) {
  const auto rows = rows_of(login_batch(attack()));
  const auto burst = shard_of(hash_user("burst"), shard_count);
  const auto decoded = decode_rows(encode_rows(*rows, ShardSet{}.set(burst)),
                                   shard_count);
  CAF_REQUIRE(decoded);
  CAF_CHECK_EQUAL(decoded->users.size(), rows->users_of(burst).size());
  CAF_CHECK_EQUAL(decoded->users_of(burst).size(), decoded->users.size());
}

CAF_TEST(a_question_cut_off_or_too_long_anywhere_is_refused) {
  const auto rows = rows_of(login_batch(attack()));
  const auto whole = encode_rows(*rows, all());
  for (std::size_t length = 0; length != whole.size(); ++length)
    CAF_REQUIRE(!decode_rows(whole.substr(0, length), shard_count));
  CAF_CHECK(!decode_rows(whole + '\0', shard_count));
  CAF_CHECK(!decode_rows(whole, shard_count - 1));
}

CAF_TEST(rows_of_another_shard_or_of_no_login_are_refused) {
  const auto good = rows_of(login_batch({{}}));
  const auto encoded = [&](auto&& spoil) {
    auto rows = *good;
    spoil(rows);
    return decode_rows(encode_rows(rows, all()), shard_count);
  };
  CAF_CHECK(encoded([](auto&) {}));
  CAF_CHECK(
    !encoded([](auto& rows) { rows.users[0].user_hash ^= 1ULL << 63; }));
  CAF_CHECK(!encoded([](auto& rows) { rows.users[0].login.time_ms = -2; }));
  CAF_CHECK(!encoded([](auto& rows) {
    rows.users[0].login.time_ms = std::numeric_limits<std::int64_t>::max();
  }));
  CAF_CHECK(!encoded([](auto& rows) {
    rows.users[0].login.latitude = std::numeric_limits<float>::quiet_NaN();
  }));
  CAF_CHECK(!encoded([](auto& rows) { rows.users[0].login.longitude = 181; }));
  CAF_CHECK(!encoded([](auto& rows) {
    rows.users[0].login.status = static_cast<LoginStatus>(7);
  }));
  CAF_CHECK(!encoded([](auto& rows) { rows.users[0].offset.value += 1; }));
  CAF_CHECK(!encoded([](auto& rows) { rows.partition = PartitionId{-1}; }));
  CAF_CHECK(!encoded([](auto& rows) { rows.last = Offset{-1}; }));
}
