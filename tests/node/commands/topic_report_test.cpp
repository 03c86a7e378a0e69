#define CAF_SUITE topic_report

#include "node/commands/topic_report.hpp"

#include "tests/node/config/config_sample.hpp"

#include "caf/test/dsl.hpp"

using namespace millrace;
using namespace millrace::node;
using namespace millrace::node::commands;
using sample::contains;

CAF_TEST(a_topic_has_the_id_that_kafkas_own_tools_show) {
  FullTopic topic;
  topic.description.name = "user-login";
  topic.description.id = "PzDVena/RV6bmQ2sHB+z6w";
  CAF_CHECK(contains(draw_topic(topic, {}), ", id PzDVena_RV6bmQ2sHB-z6w\n"));
  CAF_CHECK_EQUAL(topic_document(topic).at("id").as_string(),
                  "PzDVena_RV6bmQ2sHB-z6w");
}
