#define CAF_SUITE supervision_property

#include "tests/logic/supervision/supervision_fixture.hpp"

#include <random>
#include <sstream>

using namespace millrace::tests;

namespace {

using Random = std::mt19937_64;

bool chance(Random& random, unsigned in_hundred) {
  return random() % 100 < in_hundred;
}

Restart any_restart(Random& random) {
  return chance(random, 50) ? Restart::permanent
                            : static_cast<Restart>(random() % 3);
}

/// A tree of at most three levels, with names unlike each other.
GroupSpec any_group(Random& random, int levels, int& names) {
  GroupSpec group{.name = "g" + std::to_string(names++),
                  .strategy = static_cast<Strategy>(random() % 3),
                  .intensity = {static_cast<std::uint32_t>(random() % 6),
                                std::chrono::milliseconds{random() % 20'000}},
                  .back_off = {std::chrono::milliseconds{random() % 200},
                               std::chrono::milliseconds{random() % 3'000}},
                  .restart = any_restart(random),
                  .members = {}};
  for (auto count = 1 + random() % 4; count != 0; --count)
    if (levels > 1 && chance(random, 35)) {
      group.members.push_back(any_group(random, levels - 1, names));
    } else {
      ChildSpec child{.name = "c" + std::to_string(names++),
                      .restart = any_restart(random)};
      if (chance(random, 50))
        child.hang_deadline = std::chrono::milliseconds{1 + random() % 3'000};
      group.members.push_back(child);
    }
  return group;
}

const ChildSpec* child_of(const Member& member) {
  return std::get_if<ChildSpec>(&member.spec);
}

/// What must hold between any two calls, told from spec and status alone.
void check_group(const Supervised& f, const GroupSpec& spec,
                 const Status& status) {
  CAF_REQUIRE_EQUAL(spec.members.size(), status.members.size());
  Incarnation newest_child;
  std::size_t up = 0;
  std::size_t waiting = 0;
  bool later_must_wait = false;
  for (std::size_t index = 0; index != spec.members.size(); ++index) {
    const auto& member = status.members[index];
    const auto* child = child_of(spec.members[index]);
    const auto restart
      = child != nullptr
          ? child->restart
          : std::get<GroupSpec>(spec.members[index].spec).restart;
    CAF_REQUIRE_EQUAL(member.down_since.has_value(),
                      member.state != State::running);
    CAF_REQUIRE_EQUAL(member.restart_due.has_value(),
                      member.state == State::waiting
                        && status.state == State::running);
    // Nobody lives without its group.
    if (status.state != State::running)
      CAF_REQUIRE(member.state != State::running);
    if (status.state == State::waiting)
      CAF_REQUIRE(member.state == State::waiting);
    // Nobody is left lying who should run.
    if (status.state == State::running && restart == Restart::permanent)
      CAF_REQUIRE(member.state == State::running
                  || member.state == State::waiting);
    if (restart == Restart::temporary && status.state == State::running)
      CAF_REQUIRE(member.state != State::waiting);
    up += member.state == State::running ? 1 : 0;
    waiting += member.state == State::waiting ? 1 : 0;
    if (spec.strategy == Strategy::rest_for_one) {
      // Who starts after one that waits has been stopped.
      if (later_must_wait)
        CAF_REQUIRE(member.state != State::running);
      later_must_wait |= member.state == State::waiting;
    }
    if (child == nullptr) {
      check_group(f, std::get<GroupSpec>(spec.members[index].spec), member);
      continue;
    }
    CAF_REQUIRE_EQUAL(f.running(child->name) == member.incarnation,
                      member.state == State::running);
    if (member.state != State::running)
      CAF_REQUIRE(f.running(child->name) == Incarnation{});
    if (spec.strategy != Strategy::one_for_one
        && member.state == State::running) {
      CAF_REQUIRE(member.incarnation > newest_child);
      newest_child = member.incarnation;
    }
  }
  // All go down together.
  if (spec.strategy == Strategy::all_for_one)
    CAF_REQUIRE(up == 0 || waiting == 0);
}

/// The words of one call: stops in reverse of the starts' order. (An
/// advance() that finds several hangs may stop several times.)
void check_order(const Supervised& f, const std::string& words) {
  std::istringstream in{words};
  std::vector<ChildId> starts;
  std::vector<ChildId> stops;
  for (std::string word; in >> word;)
    if (word != "!")
      (word[0] == '+' ? starts : stops).push_back(f.id(word.substr(1)));
  CAF_REQUIRE(std::ranges::is_sorted(starts));
  std::ranges::reverse(stops);
  CAF_REQUIRE(std::ranges::is_sorted(stops));
}

class Story {
public:
  explicit Story(std::uint64_t seed)
    : random_(seed), names_(0), spec_(any_group(random_, 3, names_)),
      f_(spec_,
         {.interval = std::chrono::milliseconds{1 + random_() % 2'000},
          .max_hung = static_cast<std::uint32_t>(random_() % 5)},
         seed) {}

  void tell() {
    note(f_.start());
    for (int event = 0; event != 150 && !f_.tree.over(); ++event)
      next_event();
    was_given_up = f_.tree.over();
    if (!was_given_up)
      calm_down();
    f_.stop();
    for (int event = 0; event != 20; ++event) {
      // The fixture fails at any step from now on.
      f_.now += 1s;
      f_.advance();
      end_former();
      CAF_REQUIRE(!f_.tree.next_due().has_value());
    }
  }

  bool was_given_up = false;
  std::uint64_t restarts = 0;
  std::uint64_t most_hung = 0;

private:
  std::string any_child() {
    const auto id = static_cast<std::uint32_t>(random_() % f_.tree.children());
    return f_.tree.name(ChildId{id});
  }

  void note(const std::string& words, bool many_failures = false) {
    if (!many_failures)
      check_order(f_, words);
    restarts += static_cast<std::uint64_t>(std::ranges::count(words, '+'));
    most_hung = std::max<std::uint64_t>(most_hung, f_.tree.hung());
    const auto status = f_.tree.status();
    CAF_REQUIRE(status.state
                == (f_.tree.over() ? State::given_up : State::running));
    CAF_REQUIRE_EQUAL(status.hung, f_.tree.hung());
    check_group(f_, spec_, status);
    if (!f_.tree.over())
      remember();
  }

  /// Keeps all incarnations, so that former ones can end late.
  void remember() {
    for (std::uint32_t id = 0; id != f_.tree.children(); ++id) {
      const auto& name = f_.tree.name(ChildId{id});
      if (const auto running = f_.running(name); running != Incarnation{})
        seen_[running] = name;
    }
  }

  void end_former() {
    if (seen_.empty())
      return;
    auto any = seen_.begin();
    std::advance(any, static_cast<std::ptrdiff_t>(random_() % seen_.size()));
    if (f_.running(any->second) == any->first)
      return;
    const auto due = f_.tree.next_due();
    CAF_REQUIRE_EQUAL(f_.end(any->second, any->first), "");
    // It may be waited for less, but not more.
    CAF_REQUIRE(!f_.tree.next_due() || *f_.tree.next_due() >= *due);
    seen_.erase(any);
  }

  void next_event() {
    const auto name = any_child();
    switch (random_() % 10) {
      case 0:
      case 1:
        if (f_.running(name) != Incarnation{})
          note(f_.end(name,
                      chance(random_, 40) ? Ending::normal : Ending::failure));
        break;
      case 2:
        if (chance(random_, 30))
          f_.mute.insert(name);
        break;
      case 3:
        f_.mute.clear();
        f_.answer();
        break;
      case 4:
        f_.now += std::chrono::milliseconds{random_() % 100'000};
        note(f_.advance(), true);
        break;
      case 5:
      case 6:
      case 7:
        end_former();
        break;
      default:
        if (const auto due = f_.tree.next_due()) {
          f_.now = std::max(f_.now, *due)
                   + std::chrono::milliseconds{random_() % 10};
          note(f_.advance(), true);
        }
    }
  }

  /// With nobody failing any more, all who wait come back.
  void calm_down() {
    f_.mute.clear();
    f_.answer();
    while (!seen_.empty() && !f_.tree.over()) {
      const auto [incarnation, name] = *seen_.begin();
      if (f_.running(name) != incarnation)
        f_.end(name, incarnation);
      seen_.erase(seen_.begin());
    }
    f_.wait(10s);
    CAF_REQUIRE(!f_.tree.over());
    CAF_REQUIRE_EQUAL(f_.tree.hung(), 0u);
    check_nobody_waits(f_.tree.status());
    check_group(f_, spec_, f_.tree.status());
  }

  static void check_nobody_waits(const Status& status) {
    CAF_REQUIRE(status.state != State::waiting);
    for (const auto& member : status.members)
      check_nobody_waits(member);
  }

  Random random_;
  int names_;
  GroupSpec spec_;
  Supervised f_;
  std::map<Incarnation, std::string> seen_;
};

} // namespace

CAF_TEST(whatever_happens_the_tree_keeps_its_promises) {
  int given_up = 0;
  std::uint64_t restarts = 0;
  int with_hangs = 0;
  for (std::uint64_t seed = 0; seed != 2'000; ++seed) {
    Story story{seed};
    story.tell();
    given_up += story.was_given_up ? 1 : 0;
    restarts += story.restarts;
    with_hangs += story.most_hung != 0 ? 1 : 0;
  }
  // The stories are varied enough to mean something.
  CAF_CHECK(given_up > 500);
  CAF_CHECK(given_up < 1'750);
  CAF_CHECK(restarts > 25'000);
  CAF_CHECK(with_hangs > 250);
}
