#define CAF_SUITE chaos_fault_list

#include "node/chaos/fault_list.hpp"

#include "tests/support/temporary_folder.hpp"

#include "caf/test/dsl.hpp"

using namespace millrace::logic::faults;
using namespace millrace::node::chaos;
using std::chrono::milliseconds;

namespace {

std::string error_of(std::string_view text) {
  const auto list = parse_fault_list(text);
  return list ? std::string{} : list.error().text;
}

} // namespace

CAF_TEST(every storm survives being written and read) {
  StormConfig config;
  config.lanes = 3;
  config.detectors = 2;
  for (auto& weight : config.mix.weights)
    weight = 1;
  for (std::uint64_t seed = 0; seed != 40; ++seed) {
    config.seed = seed;
    const auto storm = make_storm(config);
    const auto again = parse_fault_list(to_lines(storm));
    CAF_REQUIRE(again.has_value());
    CAF_CHECK(*again == storm);
  }
}

CAF_TEST(lines may be blank or comments and come in any order of time) {
  const auto list = parse_fault_list("# a storm\n"
                                     "\n"
                                     "at 2s crash producer\r\n"
                                     "  at 0ms hang encoder 1 for 2s\n"
                                     "\t# indented\n"
                                     "at 2000ms broker down for 300ms\n"
                                     "at 1.5s poison validator \"a b\"");
  CAF_REQUIRE(list.has_value());
  CAF_REQUIRE_EQUAL(list->size(), 4u);
  CAF_CHECK_EQUAL(to_line((*list)[0]), "at 0ms hang encoder 1 for 2s");
  CAF_CHECK_EQUAL(to_line((*list)[1]), "at 1500ms poison validator \"a b\"");
  CAF_CHECK_EQUAL(to_line((*list)[2]), "at 2000ms crash producer");
  CAF_CHECK_EQUAL(to_line((*list)[3]), "at 2000ms broker down for 300ms");
  for (std::uint32_t place = 0; place != 4; ++place)
    CAF_CHECK_EQUAL((*list)[place].number, place + 1);
}

CAF_TEST(an empty text is an empty list) {
  for (const auto* text : {"", "\n\n", "# nothing"}) {
    const auto list = parse_fault_list(text);
    CAF_REQUIRE(list.has_value());
    CAF_CHECK(list->empty());
  }
}

CAF_TEST(an error names the line and what is wrong with it) {
  CAF_CHECK_EQUAL(
    error_of("at 1s crash producer\n\ncrash producer\n").substr(0, 32),
    "line 3: does not begin with 'at'");
  CAF_CHECK_EQUAL(error_of("at noon crash producer"),
                  "line 1: \"noon\" is no time (allowed: 0ms to 24h)");
  CAF_CHECK_EQUAL(error_of("at 25h crash producer"),
                  "line 1: \"25h\" is no time (allowed: 0ms to 24h)");
  CAF_CHECK_EQUAL(error_of("at -1s crash producer"),
                  "line 1: \"-1s\" is no time (allowed: 0ms to 24h)");
  const auto text = error_of("# one\nat 1s crash nobody");
  CAF_CHECK_EQUAL(text.substr(0, 8), "line 2: ");
  CAF_CHECK(text.find("nobody") != std::string::npos);
  CAF_CHECK_NOT_EQUAL(error_of("at 1s"), "");
  CAF_CHECK_NOT_EQUAL(error_of("at"), "");
}

CAF_TEST(a list is read from a file) {
  const millrace::tests::TemporaryFolder folder;
  const auto path = folder.write("faults", "at 5ms crash consumer\n");
  const auto list = read_fault_list(path);
  CAF_REQUIRE(list.has_value());
  CAF_REQUIRE_EQUAL(list->size(), 1u);
  CAF_CHECK_EQUAL(to_line(list->front()), "at 5ms crash consumer");
  folder.write("faults", "nonsense\n");
  const auto wrong = read_fault_list(path);
  CAF_REQUIRE(!wrong);
  CAF_CHECK_EQUAL(wrong.error().text.substr(0, path.size() + 9),
                  path + ", line 1:");
  const auto missing = read_fault_list(folder / "none");
  CAF_REQUIRE(!missing);
  CAF_CHECK(missing.error().code == millrace::logic::ErrorCode::io_failed);
}

CAF_TEST(faults that last end later than they begin) {
  CAF_CHECK_EQUAL(end_of({}).count(), 0);
  const auto list = parse_fault_list("at 100ms hang encoder 0 for 3s\n"
                                     "at 1s slow producer for 20ms times 10\n"
                                     "at 2s crash producer after 5\n");
  CAF_REQUIRE(list.has_value());
  CAF_CHECK_EQUAL(end_of(*list).count(), 3'100);
  CAF_CHECK_EQUAL(end_of(std::span{*list}.subspan(1, 1)).count(), 1'200);
  CAF_CHECK_EQUAL(end_of(std::span{*list}.subspan(2)).count(), 2'000);
}
