#define CAF_SUITE fault_order_errors

#include "logic/faults/fault_order.hpp"

#include "caf/test/dsl.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace millrace::logic::faults;
using millrace::logic::ErrorCode;

namespace {

/// The error's text behind the name of what was read.
std::string fault_of(std::string_view text) {
  const auto order = parse_fault_order(text);
  if (order)
    return "no error";
  CAF_CHECK(order.error().code == ErrorCode::invalid_argument);
  const auto& message = order.error().text;
  CAF_CHECK(message.starts_with("fault order \""));
  const auto place = message.find("\", column ");
  CAF_REQUIRE(place != std::string::npos);
  return message.substr(place + 3);
}

} // namespace

CAF_TEST(what_cannot_be_read_is_told_with_place_and_choice) {
  const std::string verbs = "(allowed: crash, poison, hang, slow, corrupt, "
                            "fail, lose, fence, drop, exhaust, broker, "
                            "die)";
  const std::string stages = "validator, enricher, anomaly_detector, encoder";
  const std::string actors = "(allowed: consumer, dispatcher, validator, "
                             "enricher, judgement_router, state_keeper, "
                             "anomaly_detector, encoder, producer, insights, "
                             "trainer, links, remote_lanes, lane_host)";
  const std::string match_rule = "(allowed: 1 to 256 bytes, in double quotes "
                                 "if they hold blanks)";
  const std::string duration_rule = "a whole number with ms, s, min or h, "
                                    "from 1ms to 1h)";
  const std::string behind_match
    = "behind the match (allowed: nothing; a match with blanks stands in "
      "double quotes, and a poisoned stage has no number)";
  const std::vector<std::pair<std::string, std::string>> faults{
    {"", "column 1: the end is no fault " + verbs},
    {"  ", "column 3: the end is no fault " + verbs},
    {"crush validator 0", "column 1: \"crush\" is no fault " + verbs},
    {"Crash validator 0", "column 1: \"Crash\" is no fault " + verbs},
    {"\"crash\" validator", "column 1: \"crash\" is no fault " + verbs},
    {"fail", "column 5: the end after 'fail' (allowed: deliveries, commits)"},
    {"fail credit",
     "column 6: \"credit\" after 'fail' (allowed: deliveries, commits)"},
    {"broker \"down\" for 1s",
     "column 8: \"down\" after 'broker' (allowed: down)"},
    {"crash", "column 6: the end is nobody to crash " + actors},
    {"crash  broker", "column 8: \"broker\" is nobody to crash " + actors},
    {"corrupt producer", "column 9: \"producer\" is nobody to corrupt "
                         "(allowed: "
                           + stages + ')'},
    {"poison trainer x",
     "column 8: \"trainer\" is nobody to poison (allowed: " + stages + ')'},
    {"crash producer 0", "column 16: a number, but there is one producer "
                         "(allowed: no number)"},
    {"crash validator 10000", "column 17: \"10000\" is no number of validator "
                              "(allowed: 0 to 9999)"},
    {"crash validator 1x", "column 17: \"1x\" is no number of validator "
                           "(allowed: 0 to 9999)"},
    {"crash validator *", "column 17: \"*\" does not belong here (allowed: the "
                          "number of one, after)"},
    {"crash validator -1", "column 17: \"-1\" does not belong here (allowed: "
                           "the number of one, after)"},
    {"crash validator 1 2", "column 19: \"2\" does not belong here (allowed: "
                            "after)"},
    {"crash consumer for 1s", "column 16: \"for\" does not belong here "
                              "(allowed: after)"},
    {"crash consumer after 1 after 1", "column 24: \"after\" does not belong "
                                       "here (allowed: nothing more)"},
    {"crash consumer after", "column 21: the end after 'after' (allowed: a "
                             "whole number from 0 to 1000000)"},
    {"crash consumer after 1000001",
     "column 22: \"1000001\" after 'after' (allowed: a whole number from 0 to "
     "1000000)"},
    {"crash consumer after \"1\"",
     "column 22: \"1\" after 'after' (allowed: a whole number from 0 to "
     "1000000)"},
    {"fail commits times 0", "column 20: \"0\" after 'times' (allowed: a whole "
                             "number from 1 to 1000000)"},
    {"fail commits times 99999999999",
     "column 20: \"99999999999\" after 'times' (allowed: a whole number from 1 "
     "to 1000000)"},
    {"fail commits times 1 times 1", "column 22: \"times\" does not belong "
                                     "here (allowed: nothing more)"},
    {"fence producer 0", "column 16: \"0\" does not belong here (allowed: "
                         "nothing more)"},
    {"hang consumer",
     "column 14: 'for' is missing (allowed: for and " + duration_rule},
    {"slow consumer times 2",
     "column 22: 'for' is missing (allowed: for and " + duration_rule},
    {"slow consumer 5ms", "column 15: a number, but there is one consumer "
                          "(allowed: no number)"},
    {"slow insights for 5ms fast", "column 23: \"fast\" does not belong here "
                                   "(allowed: times)"},
    {"poison validator", "column 17: the match is missing " + match_rule},
    {"poison validator \"\"", "column 18: the match is empty " + match_rule},
    {"poison validator " + std::string(257, 'x'),
     "column 18: the match is too long " + match_rule},
    {"poison validator 0 POISON-7", "column 20: \"POISON-7\" " + behind_match},
    {"poison validator a b", "column 20: \"b\" " + behind_match},
    {"poison validator \"a", "column 18: a double quote that is never closed "
                             "(allowed: a second one behind the match)"},
    {"poison validator \"a\"b", "column 21: no blank behind a closing double "
                                "quote (allowed: a blank, or the end)"},
    {"poison validator a\"b",
     "column 19: a double quote within a word "
     "(allowed: around a whole word, and \\\" within)"},
  };
  for (const auto& [text, fault] : faults)
    CAF_CHECK_EQUAL(fault_of(text), fault);
}

CAF_TEST(what_is_no_duration_is_refused) {
  for (const auto* duration :
       {"", "5", "ms", "0ms", "0h", "1.5s", "-1s", "+1s", "1S", "1m", "1 s",
        "\"1s\"", "3600001ms", "61min", "2h", "1000000h", "99999999999999ms"})
    CAF_CHECK(fault_of("hang consumer for " + std::string{duration})
                .starts_with("column 1"));
  CAF_CHECK_EQUAL(fault_of("hang consumer for 2h"),
                  "column 19: \"2h\" after 'for' (allowed: a whole number with "
                  "ms, s, min or h, from 1ms to 1h)");
  CAF_CHECK_EQUAL(fault_of("hang consumer for 3600000ms"), "no error");
}

CAF_TEST(broken_escapes_and_control_characters_are_refused_where_they_stand) {
  for (const auto* escape : {R"("a\q")", R"("a\x")", R"("a\x4")", R"("a\x4g")",
                             R"("a\x-1")", R"("a\u00e4")"})
    CAF_CHECK_EQUAL(fault_of("poison validator " + std::string{escape}),
                    "column 20: an unknown escape (allowed: \\\" \\\\ \\n \\r "
                    "\\t and \\xHH)");
  CAF_CHECK(fault_of("poison validator \"a\\")
              .starts_with("column 20: an unknown escape"));
  for (const std::string byte : {"\n", "\r", "\x1B", "\x7F"}) {
    const std::string fault = "column 19: a control character (allowed: in "
                              "double quotes, as \\n, \\r, \\t or \\xHH)";
    CAF_CHECK_EQUAL(fault_of("poison validator a" + byte), fault);
    CAF_CHECK_EQUAL(fault_of("poison validator \"" + byte + '"'), fault);
  }
  CAF_CHECK_EQUAL(fault_of("fence producer\n").substr(0, 30),
                  "column 15: a control character");
}

CAF_TEST(a_long_text_is_refused_and_not_repeated_in_full) {
  const std::string fits = "fence producer"
                           + std::string(max_order_bytes - 14, ' ');
  CAF_CHECK_EQUAL(fault_of(fits), "no error");
  CAF_CHECK_EQUAL(fault_of(fits + ' '),
                  "column 2049: too long (allowed: 2048 bytes)");
  const auto refused = parse_fault_order(std::string(1'000'000, 'x'));
  CAF_REQUIRE(!refused);
  CAF_CHECK(refused.error().text.size() < 200);
}
