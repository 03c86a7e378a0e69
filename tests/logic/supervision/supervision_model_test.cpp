#define CAF_SUITE supervision_model

#include "tests/logic/supervision/supervision_fixture.hpp"

#include <iterator>
#include <random>
#include <sstream>

using namespace millrace::tests;

namespace {

/// The rules of restarting told a second time, by recursion over a tree of
/// objects, without heartbeats, and with restarts at the next tick.
struct Model {
  std::string name;
  Restart restart = Restart::permanent;
  bool is_child = true;
  Strategy strategy = Strategy::one_for_one;
  Intensity intensity;
  std::vector<Model> members;
  enum { up, waiting, down } state = down;
  std::vector<TimePoint> failures;

  explicit Model(const ChildSpec& spec)
    : name(spec.name), restart(spec.restart) {}

  explicit Model(const GroupSpec& spec)
    : name(spec.name), restart(spec.restart), is_child(false),
      strategy(spec.strategy), intensity(spec.intensity) {
    for (const auto& member : spec.members)
      std::visit([this](const auto& below) { members.emplace_back(below); },
                 member.spec);
  }

  void start(std::string& words) {
    state = up;
    failures.clear();
    if (is_child)
      words += "+" + name + " ";
    for (auto& member : members)
      member.start(words);
  }

  void stop(std::string& words) {
    for (auto member = members.rbegin(); member != members.rend(); ++member)
      member->stop(words);
    if (is_child && state == up)
      words += "-" + name + " ";
    state = down;
  }

  void tick(std::string& words) {
    if (state == waiting)
      start(words);
    else if (state == up)
      for (auto& member : members)
        member.tick(words);
  }

  enum class Outcome { elsewhere, settled, failed };

  Outcome ended(const std::string& who, Ending ending, TimePoint now,
                std::string& words) {
    if (is_child) {
      if (name != who)
        return Outcome::elsewhere;
      state = down;
      return restart == Restart::permanent || ending == Ending::failure
               ? Outcome::failed
               : Outcome::settled;
    }
    for (std::size_t index = 0; index != members.size(); ++index)
      switch (members[index].ended(who, ending, now, words)) {
        case Outcome::elsewhere:
          break;
        case Outcome::settled:
          return Outcome::settled;
        case Outcome::failed:
          return member_failed(index, now, words);
      }
    return Outcome::elsewhere;
  }

  Outcome member_failed(std::size_t failed, TimePoint now, std::string& words) {
    if (members[failed].restart == Restart::temporary) {
      members[failed].stop(words);
      return Outcome::settled;
    }
    failures.push_back(now);
    const auto recent = std::ranges::count_if(
      failures, [&](TimePoint time) { return now - time <= intensity.window; });
    if (recent > static_cast<std::ptrdiff_t>(intensity.restarts))
      return Outcome::failed;
    for (auto index = members.size(); index-- != 0;) {
      const bool shares = strategy == Strategy::all_for_one
                          || (strategy == Strategy::rest_for_one
                              && index > failed)
                          || index == failed;
      if (!shares)
        continue;
      members[index].stop(words);
      if (members[index].restart != Restart::temporary)
        members[index].state = waiting;
    }
    return Outcome::settled;
  }

  bool runs(const std::string& who) const {
    return (name == who && state == up)
           || std::ranges::any_of(
             members, [&](const Model& below) { return below.runs(who); });
  }
};

using Random = std::mt19937_64;

Restart any_restart(Random& random) {
  return random() % 2 == 0 ? Restart::permanent
                           : static_cast<Restart>(random() % 3);
}

GroupSpec any_group(Random& random, int levels, int& names) {
  GroupSpec group{.name = "g" + std::to_string(names++),
                  .strategy = static_cast<Strategy>(random() % 3),
                  .intensity = {static_cast<std::uint32_t>(random() % 5),
                                std::chrono::seconds{random() % 12}},
                  .back_off = {100ms, 900ms}, // less than a tick
                  .restart = any_restart(random),
                  .members = {}};
  for (auto count = 1 + random() % 4; count != 0; --count)
    if (levels > 1 && random() % 3 == 0)
      group.members.push_back(any_group(random, levels - 1, names));
    else
      group.members.push_back(ChildSpec{.name = "c" + std::to_string(names++),
                                        .restart = any_restart(random)});
  return group;
}

std::string trimmed(std::string words) {
  while (!words.empty() && words.back() == ' ')
    words.pop_back();
  return words;
}

std::vector<std::string> sorted(const std::string& words) {
  std::istringstream in{words};
  std::vector<std::string> result{std::istream_iterator<std::string>{in}, {}};
  std::ranges::sort(result);
  return result;
}

/// The number of calls compared.
int compare(std::uint64_t seed) {
  Random random{seed};
  int names = 0;
  const auto spec = any_group(random, 4, names);
  Supervised f{spec, {}, seed};
  Model model{spec};
  std::string words;
  model.start(words);
  CAF_REQUIRE_EQUAL(f.start(), trimmed(words));
  int calls = 1;
  for (int event = 0; event != 300 && !f.tree.over(); ++event, ++calls) {
    words.clear();
    const auto id = static_cast<std::uint32_t>(random() % f.tree.children());
    const auto& name = f.tree.name(ChildId{id});
    CAF_REQUIRE_EQUAL(f.running(name) != Incarnation{}, model.runs(name));
    if (random() % 3 == 0) {
      model.tick(words);
      // The waits inside a tick are drawn, so the order is not known.
      CAF_REQUIRE_EQUAL(sorted(f.wait(1s)), sorted(words));
    } else if (model.runs(name)) {
      const auto ending = random() % 3 == 0 ? Ending::normal : Ending::failure;
      if (model.ended(name, ending, f.now, words) == Model::Outcome::failed) {
        model.stop(words);
        words += "!";
      }
      CAF_REQUIRE_EQUAL(f.end(name, ending), trimmed(words));
    }
  }
  for (std::uint32_t id = 0; id != f.tree.children(); ++id) {
    const auto& name = f.tree.name(ChildId{id});
    CAF_REQUIRE_EQUAL(f.running(name) != Incarnation{}, model.runs(name));
  }
  return calls;
}

} // namespace

CAF_TEST(every_call_is_answered_as_by_the_recursive_model) {
  int calls = 0;
  for (std::uint64_t seed = 0; seed != 3'000; ++seed)
    calls += compare(seed);
  CAF_CHECK(calls > 50'000);
}
