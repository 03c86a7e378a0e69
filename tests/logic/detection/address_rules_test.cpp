#define CAF_SUITE address_rules

#include "logic/detection/address_rules.hpp"
#include "logic/detection/random.hpp"
#include "logic/detection/user_hash.hpp"

#include "caf/test/dsl.hpp"

#include <cmath>
#include <string>

using namespace millrace::logic;
using namespace millrace::logic::detection;

namespace {

/// One address with a state of its own and default limits.
class Address {
public:
  AddressFindings login(double at_s, const std::string& user,
                        LoginStatus status = LoginStatus::failure) {
    const AddressLogin login{1'700'000'000'000
                               + static_cast<std::int64_t>(at_s * 1000.0),
                             hash_user(user), status};
    remember(state_, login, limits_);
    return consider(state_, login, limits_);
  }

private:
  AddressLimits limits_{DetectionConfig{}};
  AddressState state_;
};

std::uint64_t hash_of(std::string_view address) {
  return hash_address(*geo::parse_ip(address));
}

} // namespace

CAF_TEST(an_address_that_fails_at_many_users_sprays) {
  for (const double start : {0.0, 100.0, 250.0, 290.0}) {
    Address address;
    int fires = 0;
    AddressFindings last;
    for (int i = 0; i != 200; ++i) {
      last = address.login(start + i, std::to_string(i));
      CAF_CHECK(!last.spray || i >= 19);
      fires += last.spray ? 1 : 0;
    }
    CAF_CHECK(fires >= 175);
    const auto users = last.users.estimate();
    CAF_CHECK(users >= 150 && users <= 260);
    CAF_CHECK_EQUAL(last.failures, 200u);
  }
}

CAF_TEST(failures_at_one_user_are_no_spray) {
  Address address;
  for (int i = 0; i != 1000; ++i)
    CAF_REQUIRE(!address.login(i * 0.5, "one").spray);
}

CAF_TEST(failures_further_apart_than_the_window_do_not_add_up) {
  Address address;
  for (int i = 0; i != 500; ++i)
    CAF_REQUIRE(!address.login(32.0 * i, std::to_string(i)).spray);
}

CAF_TEST(where_most_get_in_many_people_share_an_address) {
  Address office;
  for (int i = 0; i != 2000; ++i)
    CAF_REQUIRE(
      !office
         .login(0.2 * i, std::to_string(i),
                i % 5 == 0 ? LoginStatus::failure : LoginStatus::success)
         .spray);
}

CAF_TEST(a_success_among_the_failures_is_told) {
  Address address;
  for (int i = 0; i != 60; ++i)
    address.login(i, std::to_string(i));
  const auto findings = address.login(61, "7", LoginStatus::success);
  CAF_CHECK(findings.spray && findings.succeeded);
  const auto told = explain(findings, AddressLimits{DetectionConfig{}});
  CAF_CHECK(told.severity == Severity::high);
  CAF_CHECK(told.evidence.find(R"("failures":60,"successes":1,)"
                               R"("window_minutes":10.0,"limit":20,)"
                               R"("succeeded":true)")
            != std::string::npos);
  // Half a day later nothing is left of it.
  CAF_CHECK(!address.login(43'200, "8", LoginStatus::success).spray);
}

CAF_TEST(late_and_timeless_logins_do_no_harm) {
  Address address;
  for (int i = 0; i != 60; ++i)
    address.login(10'000 + i, std::to_string(i));
  CAF_CHECK(address.login(9'900, "late").spray);
  CAF_CHECK(address.login(0, "much too late").failures <= 61);
  AddressState state;
  const AddressLimits limits{DetectionConfig{}};
  remember(state, {-1, 1, LoginStatus::failure}, limits);
  CAF_CHECK_EQUAL(state.failures[0], 0u);
}

CAF_TEST(the_sketch_is_never_above_in_its_bound_and_near_in_its_estimate) {
  Random random{7};
  for (const std::uint32_t users : {1U, 5U, 20U, 50U, 100U, 200U}) {
    double sum = 0;
    for (int round = 0; round != 200; ++round) {
      UserSketch sketch;
      for (std::uint32_t i = 0; i != users; ++i)
        sketch.add(random.next());
      CAF_CHECK(sketch.at_least() <= users);
      sum += sketch.estimate();
    }
    CAF_CHECK(std::abs(sum / 200.0 - users) <= 0.03 * users + 0.5);
  }
}

CAF_TEST(a_v6_network_of_64_bits_is_one_address) {
  CAF_CHECK_EQUAL(hash_of("2001:db8::1"), hash_of("2001:db8::ffff:2"));
  CAF_CHECK_NOT_EQUAL(hash_of("2001:db8::1"), hash_of("2001:db8:0:1::1"));
  CAF_CHECK_NOT_EQUAL(hash_of("192.0.2.1"), hash_of("192.0.2.2"));
  CAF_CHECK_EQUAL(hash_of("192.0.2.1"), hash_of("::ffff:192.0.2.1"));
  CAF_CHECK_EQUAL(hash_address({}), 0u);
  CAF_CHECK_LESS_OR_EQUAL(sizeof(AddressState) + 8, 64u);
}
