#define CAF_SUITE topic_difference

#include "logic/operations/topic_difference.hpp"

#include "caf/test/dsl.hpp"

#include <string>
#include <vector>

using namespace millrace::logic;
using Kind = TopicDifferenceKind;

namespace {

TopicWish wish(std::string name) {
  return {std::move(name), {}, {}, {}};
}

} // namespace

CAF_TEST(topics_as_wanted_do_not_differ) {
  auto logins = wish("logins");
  logins.partitions = 12;
  logins.replication = 3;
  logins.settings = {{"cleanup.policy", "delete"}};
  const std::vector<TopicWish> wishes{logins, wish("others")};
  const std::vector<TopicFacts> facts{
    {"logins",
     12,
     3,
     {{{"cleanup.policy", "delete"}, {"segment.bytes", "1073741824"}}}},
    {"others", 1, 1, {}},
    {"nobody-wished-for", 7, 1, {}}};
  CAF_CHECK(differences(wishes, facts).empty());
}

CAF_TEST(what_is_missing_comes_with_the_partitions_that_it_should_have) {
  auto logins = wish("logins");
  logins.partitions = 12;
  const auto found = differences(std::vector{logins, wish("others")}, {});
  CAF_REQUIRE_EQUAL(found.size(), 2u);
  CAF_CHECK(found[0]
            == (TopicDifference{Kind::missing, "logins", "", "12", ""}));
  CAF_CHECK(found[1] == (TopicDifference{Kind::missing, "others", "", "", ""}));
}

CAF_TEST(fewer_and_more_partitions_are_told_apart) {
  auto fewer = wish("a");
  fewer.partitions = 12;
  auto more = wish("b");
  more.partitions = 2;
  const auto found = differences(
    std::vector{fewer, more},
    std::vector<TopicFacts>{{"a", 4, 1, {}}, {"b", 4, 1, {}}});
  CAF_REQUIRE_EQUAL(found.size(), 2u);
  CAF_CHECK(found[0]
            == (TopicDifference{Kind::fewer_partitions, "a", "", "12", "4"}));
  CAF_CHECK(found[1]
            == (TopicDifference{Kind::more_partitions, "b", "", "2", "4"}));
}

CAF_TEST(other_copies_and_settings_differ) {
  auto state = wish("state");
  state.replication = 3;
  state.settings = {{"cleanup.policy", "compact"}, {"no.such", "1"}};
  const auto found = differences(
    std::vector{state},
    std::vector<TopicFacts>{{"state", 4, 1, {{{"cleanup.policy", "delete"}}}}});
  CAF_REQUIRE_EQUAL(found.size(), 3u);
  CAF_CHECK(found[0]
            == (TopicDifference{Kind::replication, "state", "", "3", "1"}));
  CAF_CHECK(found[1]
            == (TopicDifference{Kind::setting, "state", "cleanup.policy",
                                "compact", "delete"}));
  CAF_CHECK(found[2]
            == (TopicDifference{Kind::setting, "state", "no.such", "1", ""}));
}

CAF_TEST(settings_that_nobody_may_see_are_not_taken_to_be_right) {
  auto state = wish("state");
  state.settings = {{"cleanup.policy", "compact"}};
  const auto found = differences(std::vector{state},
                                 std::vector<TopicFacts>{{"state", 4, 1, {}}});
  CAF_REQUIRE_EQUAL(found.size(), 1u);
  CAF_CHECK(found[0].kind == Kind::unknown_settings);
}
