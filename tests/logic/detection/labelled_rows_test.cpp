#define CAF_SUITE labelled_rows

#include "logic/detection/labelled_rows.hpp"

#include "caf/test/dsl.hpp"

using namespace millrace::logic;
using namespace millrace::logic::detection;

namespace {

void refuses(std::string_view text, std::string_view expected) {
  const auto rows = parse_numeric_csv(text);
  CAF_REQUIRE(!rows);
  CAF_CHECK_EQUAL(rows.error().code, ErrorCode::malformed);
  CAF_CHECK_EQUAL(rows.error().text, expected);
}

} // namespace

CAF_TEST(columns_and_labels_are_told_apart) {
  const auto rows = parse_numeric_csv("a,label,b\n1,0,2.5\n\n-3e2 , 1,\t4\r\n");
  CAF_REQUIRE(rows);
  CAF_CHECK_EQUAL(rows->names, (std::vector<std::string>{"a", "b"}));
  CAF_CHECK_EQUAL(rows->values,
                  (std::vector<float>{1.0F, 2.5F, -300.0F, 4.0F}));
  CAF_CHECK_EQUAL(rows->labels, (std::vector<std::uint8_t>{0, 1}));
  CAF_CHECK_EQUAL(rows->view().size(), 2u);
}

CAF_TEST(a_byte_order_mark_and_a_missing_last_newline_do_no_harm) {
  const auto rows = parse_numeric_csv("\xEF\xBB\xBFx\r\n7");
  CAF_REQUIRE(rows);
  CAF_CHECK_EQUAL(rows->names, std::vector<std::string>{"x"});
  CAF_CHECK_EQUAL(rows->values, std::vector<float>{7.0F});
  CAF_CHECK(rows->labels.empty());
}

CAF_TEST(faults_are_named_by_line_and_column) {
  refuses("", "it is empty; a header of column names is expected");
  refuses("\n\n", "it is empty; a header of column names is expected");
  refuses("a,,b\n", "line 1, column 2: the header has no name here");
  refuses(
    "label\n",
    "line 1, column 1: the header names 0 features; 1 to 64 are possible");
  refuses("label,a,label\n",
          "line 1, column 3: the header has a second column 'label'");
  refuses("a,b\n1,2\n1,x\n",
          "line 3, column 2: 'x' is not a number; all below the header are");
  refuses("a,b\n1,nan\n",
          "line 2, column 2: 'nan' is not a number; all below the header are");
  refuses("a,b\n1,\n",
          "line 2, column 2: '' is not a number; all below the header are");
  refuses("a\n1e99\n", "line 2, column 1: '1e99' does not fit a 32-bit float");
  refuses("a,b\n1,2,3\n", "line 2, column 3: the line has 3 fields, the header "
                          "2; each line has one field per column");
  refuses("a,b\n1\n", "line 2, column 1: the line has 1 fields, the header 2; "
                      "each line has one field per column");
  refuses("1,2\n3,4\n", "line 1, column 1: the header has numbers only; put a "
                        "line with the names of the columns on top");
  refuses(
    "\x1B[31m\n1\n",
    "line 1, column 1: this is no text; a header of column names is expected");
  refuses(
    "a\n\x1B[31m\n",
    "line 2, column 1: '?[31m' is not a number; all below the header are");
  refuses("a,label\n1,2\n", "line 2, column 2: '2' is no label; 0 or 1 is");
}
