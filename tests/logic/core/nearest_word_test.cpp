#define CAF_SUITE nearest_word

#include "logic/core/nearest_word.hpp"

#include "caf/test/dsl.hpp"

#include <string>
#include <vector>

using namespace millrace::logic;

CAF_TEST(distance_counts_single_changes) {
  CAF_CHECK_EQUAL(edit_distance("topic", "topic"), 0u);
  CAF_CHECK_EQUAL(edit_distance("topic", "tpoic"), 1u);
  CAF_CHECK_EQUAL(edit_distance("topic", "topics"), 1u);
  CAF_CHECK_EQUAL(edit_distance("topic", "tropics"), 2u);
  CAF_CHECK_EQUAL(edit_distance("", "abc"), 3u);
  CAF_CHECK_EQUAL(edit_distance("kitten", "sitting"), 3u);
}

CAF_TEST(the_nearest_word_is_found_or_nothing_when_all_are_far) {
  const std::vector<std::string> words{"input_topic", "output_topic", "group"};
  CAF_CHECK_EQUAL(nearest_word("inputtopic", words), "input_topic");
  CAF_CHECK_EQUAL(nearest_word("grup", words), "group");
  CAF_CHECK_EQUAL(nearest_word("compression", words), "");
  CAF_CHECK_EQUAL(nearest_word("", words), "");
  CAF_CHECK_EQUAL(nearest_word(std::string(5000, 'g'), words), "");
}
