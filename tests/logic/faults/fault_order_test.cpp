#define CAF_SUITE fault_order

#include "logic/faults/fault_order.hpp"

#include "caf/test/dsl.hpp"

#include "logic/faults/fault_forms.hpp"
#include "logic/generation/random_stream.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

using namespace millrace::logic::faults;
using millrace::logic::actor_table;
using millrace::logic::Numbering;
using millrace::logic::generation::RandomStream;
using std::chrono::milliseconds;

namespace {

FaultOrder parsed(std::string_view text) {
  auto order = parse_fault_order(text);
  if (!order)
    CAF_FAIL(order.error().text);
  return *std::move(order);
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// From 0 to `most`, with the ends more often than not.
std::uint32_t near_the_ends(RandomStream& random, std::uint32_t most) {
  const auto kind = random.below(4);
  const auto near = random.below(kind < 2 ? std::min(most, 3U) + 1 : most + 1);
  return kind == 0 ? most - near : near;
}

std::string make_match(RandomStream& random) {
  static const std::vector<std::string> pieces{
    "POISON-7", "a",        " ",
    "\"",       "\\",       "\n",
    "\t",       "\r",       "\x01",
    "\x7F",     "\xC3\xBC", "\xC2\x85",
    "\xFF",     "\\x41",    "for",
    "=",        "'",        "\xE2\x82\xAC",
    "\xC3",     "{}",       std::string(1, '\0')};
  std::string match;
  const auto count = 1 + random.below(6);
  for (std::uint32_t index = 0; index != count; ++index)
    match += pieces[random.below(static_cast<std::uint32_t>(pieces.size()))];
  if (random.below(50) == 0)
    match.resize(max_match_bytes, '\xFF');
  return match;
}

std::string make_target(RandomStream& random, TargetScope scope) {
  for (;;) {
    const auto& kind = actor_table[random.below(
      static_cast<std::uint32_t>(actor_table.size()))];
    if (scope != TargetScope::actor && !kind.stage)
      continue;
    std::string target{kind.name};
    if (scope != TargetScope::all_of_stage
        && kind.numbering != Numbering::single && random.below(3) != 0)
      target += ' ' + std::to_string(near_the_ends(random, max_actor_number));
    return target;
  }
}

FaultOrder make_order(RandomStream& random, const FaultForm& form) {
  FaultOrder order;
  order.kind = form.kind;
  order.target = form.scope == TargetScope::fixed
                   ? std::string{form.fixed_target}
                   : make_target(random, form.scope);
  if (form.match)
    order.match = make_match(random);
  if (form.after != Need::never)
    order.after_batches = near_the_ends(random, max_after_batches);
  if (form.times != Need::never)
    order.count = 1 + near_the_ends(random, max_fault_count - 1);
  if (form.duration != Need::never) {
    constexpr std::array<std::int64_t, 4> units{1, 1000, 60'000, 3'600'000};
    const auto unit = units[random.below(4)];
    const auto most = static_cast<std::uint32_t>(max_fault_duration.count()
                                                 / unit);
    order.duration = milliseconds{unit * (1 + near_the_ends(random, most - 1))};
  }
  return order;
}

} // namespace

CAF_TEST(an_order_of_every_kind_is_read_and_written_as_people_type_it) {
  const std::vector<std::pair<std::string, FaultOrder>> orders{
    {"crash validator 0", {FaultKind::crash, "validator 0"}},
    {"crash consumer", {FaultKind::crash, "consumer"}},
    {"crash encoder 1 after 3", {FaultKind::crash, "encoder 1", 3}},
    {"crash enricher", {FaultKind::crash, "enricher"}},
    {"poison validator POISON-7",
     {FaultKind::throw_on_match, "validator", 0, 1, milliseconds{0},
      "POISON-7"}},
    {R"(poison encoder "a \"b\" \\ c")",
     {FaultKind::throw_on_match, "encoder", 0, 1, milliseconds{0},
      R"(a "b" \ c)"}},
    {"die enricher KILLER",
     {FaultKind::die_on_match, "enricher", 0, 1, milliseconds{0}, "KILLER"}},
    {"hang enricher 0 for 2s",
     {FaultKind::hang, "enricher 0", 0, 1, milliseconds{2000}}},
    {"slow producer for 5ms times 20",
     {FaultKind::slow, "producer", 0, 20, milliseconds{5}}},
    {"slow trainer for 1min",
     {FaultKind::slow, "trainer", 0, 1, milliseconds{60'000}}},
    {"corrupt anomaly_detector 1",
     {FaultKind::corrupt_answer, "anomaly_detector 1"}},
    {"fail deliveries times 10",
     {FaultKind::fail_deliveries, "producer", 0, 10}},
    {"lose reports times 3", {FaultKind::lose_reports, "producer", 0, 3}},
    {"fence producer", {FaultKind::fence_producer, "producer"}},
    {"fail commits times 2", {FaultKind::fail_commits, "consumer", 0, 2}},
    {"fail commits", {FaultKind::fail_commits, "consumer"}},
    {"drop credit times 5", {FaultKind::drop_credit, "consumer", 0, 5}},
    {"exhaust credit for 300ms",
     {FaultKind::exhaust_credit, "consumer", 0, 1, milliseconds{300}}},
    {"broker down for 1s",
     {FaultKind::broker_down, "broker", 0, 1, milliseconds{1000}}},
  };
  std::set<FaultKind> kinds;
  for (const auto& [text, order] : orders) {
    CAF_CHECK(parsed(text) == order);
    CAF_CHECK_EQUAL(to_string(order), text);
    kinds.insert(order.kind);
  }
  CAF_CHECK_EQUAL(kinds.size(), fault_kind_count);
}

CAF_TEST(every_order_survives_being_written_and_read) {
  RandomStream random{20};
  for (const auto& form : fault_forms)
    for (int round = 0; round != 3000; ++round) {
      const auto order = make_order(random, form);
      const auto text = to_string(order);
      if (!(parsed(text) == order))
        CAF_FAIL("not read as it was written: " << text);
      CAF_REQUIRE_EQUAL(to_string(parsed(text)), text);
      CAF_REQUIRE(text.size() <= max_order_bytes);
      CAF_REQUIRE(std::none_of(text.begin(), text.end(), [](char byte) {
        return (byte >= 0 && byte < ' ') || byte == 0x7F;
      }));
    }
}

CAF_TEST(blanks_order_of_options_and_long_forms_do_not_matter) {
  CAF_CHECK_EQUAL(to_string(parsed(" \tslow  producer times 20 for\t5ms ")),
                  "slow producer for 5ms times 20");
  CAF_CHECK_EQUAL(to_string(parsed("crash validator 007 after 0")),
                  "crash validator 7");
  CAF_CHECK_EQUAL(to_string(parsed("lose reports times 1")), "lose reports");
  CAF_CHECK_EQUAL(to_string(parsed("broker down for 60000ms")),
                  "broker down for 1min");
  CAF_CHECK_EQUAL(to_string(parsed("broker down for 90s")),
                  "broker down for 90s");
  CAF_CHECK_EQUAL(to_string(parsed("broker down for 60min")),
                  "broker down for 1h");
}

CAF_TEST(a_match_is_any_word_and_stands_in_quotes_if_it_must) {
  const auto match = [](std::string_view text) {
    return parsed("poison validator " + std::string{text}).match;
  };
  CAF_CHECK_EQUAL(match("0"), "0");
  CAF_CHECK_EQUAL(match("after"), "after");
  CAF_CHECK_EQUAL(match("\"POISON 7\""), "POISON 7");
  CAF_CHECK_EQUAL(match("\"plain\""), "plain");
  CAF_CHECK_EQUAL(match(R"(a\nb)"), R"(a\nb)");
  CAF_CHECK_EQUAL(match(R"("a\nb\x41\xff\xFf")"), "a\nbA\xFF\xFF");
  const auto written = [](const std::string& bytes) {
    FaultOrder order;
    order.kind = FaultKind::throw_on_match;
    order.target = "validator";
    order.match = bytes;
    return to_string(order).substr(std::string{"poison validator "}.size());
  };
  CAF_CHECK_EQUAL(written("\xC3\xBC="), "\xC3\xBC=");
  CAF_CHECK_EQUAL(written("\xC3\xBC x"), "\"\xC3\xBC x\"");
  CAF_CHECK_EQUAL(written("\xC3"), R"("\xC3")");
  CAF_CHECK_EQUAL(written("a\tb\x01"), R"("a\tb\x01")");
  CAF_CHECK_EQUAL(written(R"(a\b)"), R"("a\\b")");
}

CAF_TEST(arbitrary_words_are_either_refused_or_an_order_that_stays_the_same) {
  std::istringstream text{"crash poison hang slow corrupt fail deliveries lose "
                          "reports fence commits drop credit exhaust broker "
                          "down for times after 1s 20 0 * \"ab\" validator "
                          "encoder trainer producer"};
  const std::vector<std::string> words{std::istream_iterator<std::string>{text},
                                       {}};
  RandomStream random{4};
  std::size_t read = 0;
  for (int round = 0; round != 200'000; ++round) {
    std::string line;
    for (auto count = random.below(6); count != 0; --count)
      line += words[random.below(static_cast<std::uint32_t>(words.size()))]
              + ' ';
    const auto order = parse_fault_order(line);
    if (!order)
      continue;
    ++read;
    CAF_REQUIRE(parsed(to_string(*order)) == *order);
  }
  CAF_CHECK(read > 100);
}

CAF_TEST(an_order_is_meant_for_its_actor_or_for_all_of_its_kind) {
  const auto one = parsed("crash validator 1");
  CAF_CHECK(is_meant(one, "validator 1"));
  CAF_CHECK(!is_meant(one, "validator 0"));
  CAF_CHECK(!is_meant(one, "validator 10"));
  CAF_CHECK(!is_meant(one, "validator"));
  CAF_CHECK(!is_meant(one, "encoder 1"));
  const auto all = parsed("poison validator x");
  CAF_CHECK(is_meant(all, "validator 0"));
  CAF_CHECK(is_meant(all, "validator 10"));
  CAF_CHECK(!is_meant(all, "validators"));
  CAF_CHECK(!is_meant(all, "validator x"));
  CAF_CHECK(!is_meant(all, "encoder 0"));
  CAF_CHECK(is_meant(parsed("fail commits"), "consumer"));
  CAF_CHECK(is_meant(parsed("lose reports"), "producer"));
  CAF_CHECK(!is_meant(parsed("broker down for 1s"), "producer"));
}

CAF_TEST(the_name_of_a_kind_leads_back_to_it) {
  std::set<std::string_view> names;
  for (const auto& form : fault_forms) {
    const auto name = to_string(form.kind);
    CAF_CHECK(fault_kind_of(name) == form.kind);
    names.insert(name);
  }
  CAF_CHECK_EQUAL(names.size(), fault_kind_count);
  CAF_CHECK(!fault_kind_of("fail"));
  CAF_CHECK(!fault_kind_of(""));
}

CAF_TEST(the_help_tells_every_form_in_lines_that_fit) {
  const auto text = help();
  std::istringstream lines{text};
  std::size_t explained = 0;
  std::string last;
  for (std::string line; std::getline(lines, line); last = line) {
    CAF_CHECK(line.size() <= 80);
    CAF_CHECK(line.empty() || line.back() != ' ');
    for (const auto& form : fault_forms)
      if (line == "    " + std::string{form.explanation}) {
        std::string words{form.name};
        std::replace(words.begin(), words.end(), '_', ' ');
        CAF_CHECK(last.starts_with(words));
        ++explained;
      }
  }
  CAF_CHECK_EQUAL(explained, fault_kind_count);
  for (const auto* usage :
       {"crash ACTOR [NUMBER] [after BATCHES]\n", "poison STAGE MATCH\n",
        "hang ACTOR [NUMBER] for DURATION\n",
        "slow ACTOR [NUMBER] for DURATION [times COUNT]\n",
        "corrupt STAGE [NUMBER]\n", "\nfail deliveries [times COUNT]\n",
        "\nfence producer\n", "\nbroker down for DURATION\n"})
    CAF_CHECK(contains(text, usage));
  for (const auto& kind : actor_table)
    CAF_CHECK(contains(text, kind.name));
}
