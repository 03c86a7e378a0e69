#define CAF_SUITE login_rows

#include "logic/detection/login_rows.hpp"

#include "logic/detection/user_hash.hpp"

#include "tests/logic/detection/login_batch.hpp"

#include "caf/test/dsl.hpp"

#include <string>
#include <vector>

using namespace millrace::logic;
using namespace millrace::logic::detection;
using millrace::tests::login_batch;
using millrace::tests::LoginText;

namespace {

LoginRowsPtr rows_of(const std::vector<LoginText>& logins,
                     const DetectionConfig& config = {}) {
  return LoginRowBuilder{config}.rows_of(*login_batch(logins, 100, 2));
}

} // namespace

CAF_TEST(every_login_is_in_the_shard_of_its_user_in_order) {
  std::vector<LoginText> logins(300);
  for (std::size_t i = 0; i != logins.size(); ++i)
    logins[i].user = std::to_string(i % 50);
  const auto rows = rows_of(logins);
  std::size_t found = 0;
  for (std::uint32_t shard = 0; shard != 32; ++shard) {
    std::int64_t last = -1;
    for (const auto& row : rows->users_of(shard)) {
      CAF_CHECK_EQUAL(shard_of(row.user_hash, 32), shard);
      CAF_CHECK_EQUAL(row.user_hash, hash_user(logins[row.event].user));
      CAF_CHECK(row.offset == Offset{100 + row.event});
      CAF_CHECK_GREATER(std::int64_t{row.event}, last);
      last = row.event;
      ++found;
    }
  }
  CAF_CHECK_EQUAL(found, 300u);
  CAF_CHECK_EQUAL(rows->topic, "logins");
  CAF_CHECK(rows->partition == PartitionId{2});
  CAF_CHECK(rows->first == Offset{100});
  CAF_CHECK(rows->last == Offset{399});
}

CAF_TEST(addresses_are_asked_about_where_an_outcome_is_told) {
  const auto rows = rows_of({{.status = LoginStatus::failure},
                             {.status = LoginStatus::unknown},
                             {.status = LoginStatus::success}});
  CAF_REQUIRE_EQUAL(rows->addresses.size(), 2u);
  CAF_CHECK_EQUAL(rows->addresses[0].event, 0u);
  CAF_CHECK_EQUAL(rows->addresses[1].event, 2u);
  DetectionConfig config;
  config.rules = {"velocity"};
  CAF_CHECK(
    rows_of({{.status = LoginStatus::failure}}, config)->addresses.empty());
}

CAF_TEST(whoever_stands_for_nobody_is_marked) {
  const auto rows = rows_of({{.user = "guest"}, {.user = ""}, {.user = "a"}});
  for (const auto& row : rows->users)
    CAF_CHECK_EQUAL(row.placeholder, row.event != 2);
}

CAF_TEST(an_empty_batch_has_no_rows) {
  const auto rows = rows_of({});
  for (std::uint32_t shard = 0; shard != 32; ++shard)
    CAF_CHECK(rows->empty(shard));
}
