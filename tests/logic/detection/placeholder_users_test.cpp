#define CAF_SUITE placeholder_users

#include "logic/detection/placeholder_users.hpp"

#include "caf/test/dsl.hpp"

#include "logic/detection/detection_config.hpp"

#include <string>
#include <vector>

using namespace millrace::logic::detection;

CAF_TEST(a_placeholder_is_known_in_any_spelling) {
  const PlaceholderUsers users{DetectionConfig{}.placeholder_users};
  for (const auto* user :
       {"null", "NULL", "Null", " null ", "None", "undefined", "Undefined",
        "UNKNOWN", "Anonymous\t", "N/A", "NaN", "0", " 0", "-",
        "00000000-0000-0000-0000-000000000000",
        "00000000000000000000000000000000"})
    if (!users.contains(user))
      CAF_ERROR("'" << user << "' is taken for somebody");
}

CAF_TEST(everybody_else_is_somebody) {
  const PlaceholderUsers users{DetectionConfig{}.placeholder_users};
  for (const auto* user :
       {"", " ", "nullius", "nul", "none of them", "00", "guest1",
        "00000000-0000-0000-0000-000000000001", "anonymous anonymous",
        "f40de741-4b0f-4d6e-a3a1-1f2d3c4b5a69", "unkn\xC3\xB6wn"})
    if (users.contains(user))
      CAF_ERROR("'" << user << "' is taken for nobody");
  CAF_CHECK(!PlaceholderUsers{}.contains("null"));
}

CAF_TEST(words_of_the_configuration_are_read_alike) {
  const std::vector<std::string> words{" Shared-Desk ", ""};
  const PlaceholderUsers users{words};
  CAF_CHECK(users.contains("SHARED-DESK"));
  CAF_CHECK(!users.contains(""));
}
