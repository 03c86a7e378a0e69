#define CAF_SUITE position_mark

#include "logic/intake/position_mark.hpp"

#include "caf/test/dsl.hpp"

using namespace millrace::logic;

CAF_TEST(a_mark_comes_back_as_it_was_written) {
  const PositionMark mark{"lFRxyFaZQdO0dBnT4Rt9Nw", 12};
  CAF_CHECK_EQUAL(to_text(mark), "millrace/1 lFRxyFaZQdO0dBnT4Rt9Nw 12");
  CAF_CHECK(parse_position_mark(to_text(mark)) == mark);
}

CAF_TEST(what_others_write_with_an_offset_is_no_mark) {
  for (const auto* text :
       {"", "millrace/1", "millrace/1 ", "millrace/1  3", "millrace/1 id",
        "millrace/1 id ", "millrace/1 id x", "millrace/1 id 3x",
        "millrace/1 id -1", "millrace/1 id 99999999999", "millrace/2 id 3",
        "reset by an operator"})
    CAF_CHECK(!parse_position_mark(text));
}
