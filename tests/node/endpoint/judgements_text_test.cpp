#define CAF_SUITE judgements_text

#include "node/endpoint/judgements_text.hpp"

#include "caf/test/dsl.hpp"

#include <boost/json/parse.hpp>

using namespace millrace::node;

namespace {

boost::json::object object(const char* text) {
  return boost::json::parse(text).as_object();
}

} // namespace

CAF_TEST(shards_and_shares_stand_in_a_line) {
  CAF_CHECK_EQUAL(
    judgements_text(object(R"({"here":600,"elsewhere":399,"unjudged":1,
                               "unowned":"","unowned_count":0})"),
                    object(R"({"shards":"0-7"})")),
    "shards here 0-7; judged here 60.00 %, elsewhere 39.90 %, not at all "
    "0.10 %");
  CAF_CHECK_EQUAL(judgements_text(object(R"({"unowned":"0-31",
                                             "unowned_count":32})"),
                                  object(R"({"shards":""})")),
                  "shards here -, without an owner 0-31; judged here 0.00 %, "
                  "elsewhere 0.00 %, not at all 0.00 %");
  // A node of another version may say something else.
  CAF_CHECK_EQUAL(judgements_text(object(R"({"here":"many"})"), object("{}")),
                  "shards here -; judged here 0.00 %, elsewhere 0.00 %, not at "
                  "all 0.00 %");
}

CAF_TEST(credit_is_shown_in_kib) {
  CAF_CHECK_EQUAL(credit_text(object(R"({"asked_bytes":1,
                                         "credit_bytes":524288})")),
                  "1/512 KiB");
  CAF_CHECK_EQUAL(credit_text(object("{}")), "-");
}
