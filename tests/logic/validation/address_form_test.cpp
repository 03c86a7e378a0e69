#define CAF_SUITE address_form

#include "logic/validation/address_form.hpp"

#include "tests/support/record_values.hpp"

#include "caf/test/dsl.hpp"

#include <string>
#include <string_view>
#include <vector>

using namespace millrace::logic;
using namespace millrace::tests;

namespace {

const std::vector<std::string> all{"port",  "list", "zone",   "blanks",
                                   "empty", "dash", "unknown"};

/// The address in text form, "absent", or why it is refused ("" for no form
/// that is known).
std::string read(std::string_view text,
                 const std::vector<std::string>& accepted = all) {
  const auto reading = AddressForms{accepted}.read(text);
  if (reading.address)
    return geo::to_string(*reading.address);
  return reading.absent ? "absent" : std::string{reading.why};
}

} // namespace

CAF_TEST(accepted_forms_give_their_address) {
  CAF_CHECK_EQUAL(read("192.0.2.1:443"), "192.0.2.1");
  CAF_CHECK_EQUAL(read("192.0.2.1:0"), "192.0.2.1");
  CAF_CHECK_EQUAL(read("[2001:db8::1]:65535"), "2001:db8::1");
  CAF_CHECK_EQUAL(read("[2001:db8::1]"), "2001:db8::1");
  CAF_CHECK_EQUAL(read("192.0.2.1, 198.51.100.7"), "192.0.2.1");
  CAF_CHECK_EQUAL(read("192.0.2.1,198.51.100.7, 10.0.0.1"), "192.0.2.1");
  CAF_CHECK_EQUAL(read("fe80::1%eth0"), "fe80::1");
  CAF_CHECK_EQUAL(read("  192.0.2.1\t"), "192.0.2.1");
  CAF_CHECK_EQUAL(read(" [fe80::1%25en0]:80 , 10.0.0.1"), "fe80::1");
}

CAF_TEST(words_for_none_count_as_absent) {
  for (const auto* text : {"", "  ", "-", "unknown", "UNKNOWN", "null", "None",
                           "n/a", "undefined", " - ", "unknown, 10.0.0.1"})
    CAF_CHECK_EQUAL(read(text), "absent");
}

CAF_TEST(a_form_that_is_not_accepted_is_named) {
  CAF_CHECK_EQUAL(read("192.0.2.1:443", {}), "is an address with a port");
  CAF_CHECK_EQUAL(read("[2001:db8::1]:443", {}), "is an address with a port");
  CAF_CHECK_EQUAL(read("192.0.2.1, 10.0.0.1", {}), "is a list of addresses");
  CAF_CHECK_EQUAL(read("fe80::1%eth0", {}), "is an address with a zone");
  CAF_CHECK_EQUAL(read(" 192.0.2.1", {}),
                  "is an address with blanks around it");
  CAF_CHECK_EQUAL(read("", {}), "is empty");
  CAF_CHECK_EQUAL(read("-", {}), "is a dash");
  CAF_CHECK_EQUAL(read("Unknown", {}), "is a word for an unknown address");
  CAF_CHECK_EQUAL(read("example.com", {}), "is a name");
  CAF_CHECK_EQUAL(read("localhost:80", {}), "is a name");
  // Of forms around forms the outermost that is not accepted.
  CAF_CHECK_EQUAL(read("192.0.2.1:443, 10.0.0.1", {"list"}),
                  "is an address with a port");
  CAF_CHECK_EQUAL(read("192.0.2.1:443, 10.0.0.1", {"port"}),
                  "is a list of addresses");
  CAF_CHECK_EQUAL(read("unknown, 10.0.0.1", {"list"}),
                  "is a word for an unknown address");
}

CAF_TEST(what_is_no_address_in_any_form_stays_refused) {
  for (const auto* text :
       {"256.0.0.1", "256.0.0.1:80", "192.0.2.1:", "192.0.2.1:65536",
        "192.0.2.1:-1", "192.0.2.1:000080", "[192.0.2", "[]", "]", "[1]2",
        "fe80::1%", "192.0.2.1%0", "%", ":", "1:2", "192.0.2.1 10.0.0.1"})
    CAF_CHECK_EQUAL(read(text), "");
  CAF_CHECK_EQUAL(read("[::1]:80x"), "");
  CAF_CHECK_EQUAL(read(",192.0.2.1", {"list"}), "is empty");
}

CAF_TEST(events_are_accepted_as_configured) {
  ValidationConfig config;
  CAF_CHECK_EQUAL(outcome_of(event_with(R"(,"ip":"8.8.8.8:443")")),
                  "invalid_address");
  config.address_forms = {"port", "dash"};
  const auto batch = validate_one(event_with(R"(,"ip":"8.8.8.8:443")"), config);
  CAF_REQUIRE_EQUAL(batch->events.size(), 1u);
  CAF_CHECK_EQUAL(batch->events.front().ip.v4(), 0x08080808u);
  const auto none = validate_one(event_with(R"(,"ip":"-")"), config);
  CAF_REQUIRE_EQUAL(none->events.size(), 1u);
  CAF_CHECK(none->events.front().ip.family == geo::AddressFamily::none);
}

CAF_TEST(a_required_address_that_stands_for_none_is_missing) {
  ValidationConfig config;
  config.address_forms = all;
  config.required_fields = {"ip"};
  CAF_CHECK_EQUAL(outcome_of(event_with(R"(,"ip":"unknown")"), config),
                  "missing_field");
  CAF_CHECK_EQUAL(outcome_of(event_with(R"(,"ip":"")"), config),
                  "missing_field");
  CAF_CHECK_EQUAL(outcome_of(event_with(R"(,"ip":"[::1]")"), config), "event");
}

CAF_TEST(details_name_the_form_and_nothing_of_the_address) {
  CAF_CHECK_EQUAL(detail_of(event_with(R"(,"ip":"8.8.8.8:443")")),
                  R"("ip" is an address with a port, not a plain IP address)");
  CAF_CHECK_EQUAL(detail_of(event_with(R"(,"ip":"")")),
                  R"("ip" is empty, not a plain IP address)");
  CAF_CHECK_EQUAL(detail_of(event_with(R"(,"ip":"zoe.example")")),
                  R"("ip" is a name, not a plain IP address)");
  CAF_CHECK_EQUAL(detail_of(event_with(R"(,"ip":"256.67.253.124")")),
                  R"("ip" is no IP address: "256.67.***")");
}
