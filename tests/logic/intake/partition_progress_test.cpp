#define CAF_SUITE partition_progress

#include "logic/intake/partition_progress.hpp"

#include "caf/test/dsl.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <vector>

using namespace millrace::logic;
using namespace std::chrono_literals;

namespace {

using TimePoint = PartitionProgress::TimePoint;

constexpr PartitionEpoch first{PartitionId{0}, AssignmentEpoch{1}};
constexpr PartitionEpoch second{PartitionId{1}, AssignmentEpoch{1}};

struct Fixture {
  Assignment assignment{1000};
  PartitionProgress progress{60s};
  TimePoint now{};

  Fixture() { assignment.assign(std::vector{first, second}); }

  /// Reads the offsets 0 to 99 and finishes those before `next`.
  void finish(const PartitionEpoch& held, std::int64_t next) {
    assignment.note_read(held, Offset{0}, Offset{99});
    assignment.note_finished(held.partition, held.epoch, Offset{next});
  }

  std::vector<PartitionProgress::Sight>
  look(const std::vector<PartitionLag>& high_watermarks) {
    return progress.look(assignment, high_watermarks, now);
  }
};

/// What the class promises, worked out from all that was ever seen.
class Model {
public:
  explicit Model(std::chrono::milliseconds patience) : patience_(patience) {}

  struct Seen {
    TimePoint at;
    Offset finished;
    Offset high_watermark;
    bool behind() const { return finished < high_watermark; }
  };

  void see(PartitionId partition, const Seen& seen) {
    history_[partition].push_back(seen);
  }

  void forget(PartitionId partition) { history_.erase(partition); }

  bool knows(PartitionId partition) const {
    return history_.contains(partition);
  }

  std::int64_t records(PartitionId partition) const {
    const auto& last = history_.at(partition).back();
    return last.behind() ? last.high_watermark.value - last.finished.value : 0;
  }

  /// As of the last look, or of the one that many looks before.
  bool stalled(PartitionId partition, std::size_t before = 0) const {
    const auto& history = history_.at(partition);
    if (history.size() <= before)
      return false;
    const auto& last = history[history.size() - 1 - before];
    auto since = last.at;
    for (auto index = history.size() - before; index-- != 0;) {
      if (!history[index].behind() || history[index].finished != last.finished)
        break;
      since = history[index].at;
    }
    return last.behind() && last.at - since > patience_;
  }

  bool stall_began(PartitionId partition) const {
    return stalled(partition) && !stalled(partition, 1);
  }

private:
  std::chrono::milliseconds patience_;
  std::map<PartitionId, std::vector<Seen>> history_;
};

/// Partitions that come, move, stand and go by chance, beside the model.
class Walk {
public:
  explicit Walk(std::uint64_t seed) : random_(seed) {}

  void step() {
    now_ += std::chrono::seconds{below(5)};
    const PartitionId partition{static_cast<std::int32_t>(below(partitions))};
    const auto action = below(16); // mostly nothing, or none would stall
    if (action == 0)
      come_or_go(partition);
    else if (action == 1)
      move(partition);
    else if (action == 2)
      change_end(partition);
  }

  /// Returns how many stalls began.
  int look() {
    std::vector<PartitionLag> ends;
    for (const auto& [partition, end] : ends_)
      ends.push_back({partition, end});
    int began = 0;
    const auto sights = progress_.look(assignment_, ends, now_);
    auto sight = sights.begin();
    for (const auto& [partition, end] : ends_) {
      const auto finished = finished_of(partition);
      if (!finished)
        continue;
      model_.see(partition, {now_, *finished, end});
      CAF_REQUIRE(sight != sights.end());
      CAF_REQUIRE(sight->partition == partition);
      CAF_REQUIRE(sight->finished == *finished);
      CAF_REQUIRE_EQUAL(sight->lag.records, model_.records(partition));
      CAF_REQUIRE_EQUAL(sight->lag.stalled, model_.stalled(partition));
      CAF_REQUIRE_EQUAL(sight->stall_began, model_.stall_began(partition));
      began += sight->stall_began ? 1 : 0;
      ++sight;
    }
    CAF_REQUIRE(sight == sights.end());
    return began;
  }

  void compare_what_is_remembered() const {
    for (std::int32_t number = 0; number != partitions; ++number) {
      const PartitionId partition{number};
      const auto lag = progress_.lag(partition);
      CAF_REQUIRE_EQUAL(lag.has_value(), model_.knows(partition));
      if (!lag)
        continue;
      CAF_REQUIRE_EQUAL(lag->records, model_.records(partition));
      CAF_REQUIRE_EQUAL(lag->stalled, model_.stalled(partition));
    }
  }

private:
  static constexpr std::int32_t partitions = 4;

  std::int64_t below(std::uint64_t bound) {
    return static_cast<std::int64_t>(random_() % bound);
  }

  std::optional<Offset> finished_of(PartitionId partition) const {
    const auto found = assignment_.partitions().find(partition);
    return found != assignment_.partitions().end() ? found->second.finished
                                                   : std::nullopt;
  }

  void come_or_go(PartitionId partition) {
    const auto found = assignment_.partitions().find(partition);
    if (found == assignment_.partitions().end()) {
      const AssignmentEpoch epoch{++epochs_};
      assignment_.assign(std::vector{PartitionEpoch{partition, epoch}});
      return;
    }
    const std::vector gone{PartitionEpoch{partition, found->second.epoch}};
    assignment_.remove(gone);
    progress_.forget(gone);
    model_.forget(partition);
  }

  void move(PartitionId partition) {
    const auto found = assignment_.partitions().find(partition);
    if (found == assignment_.partitions().end())
      return;
    const auto epoch = found->second.epoch;
    const auto from = found->second.finished.value_or(Offset{0});
    const Offset next{from.value + below(3)};
    assignment_.note_read({partition, epoch}, from, next);
    assignment_.note_finished(partition, epoch, next);
  }

  void change_end(PartitionId partition) {
    if (below(4) == 0)
      ends_.erase(partition);
    else
      ends_[partition] = Offset{below(30)};
  }

  std::mt19937_64 random_;
  Assignment assignment_{1000};
  PartitionProgress progress_{10s};
  Model model_{10s};
  std::map<PartitionId, Offset> ends_;
  std::uint64_t epochs_ = 0;
  TimePoint now_{};
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(partition_progress_tests, Fixture)

CAF_TEST(the_lag_is_what_is_not_finished) {
  finish(first, 40);
  const auto sights = look({{first.partition, Offset{100}}});
  CAF_REQUIRE_EQUAL(sights.size(), 1u);
  CAF_CHECK(sights[0].partition == first.partition);
  CAF_CHECK(sights[0].finished == Offset{40});
  CAF_CHECK_EQUAL(sights[0].lag.records, 60);
  CAF_CHECK(!sights[0].lag.stalled);
  CAF_CHECK(!sights[0].stall_began);
  CAF_REQUIRE(progress.lag(first.partition).has_value());
  CAF_CHECK_EQUAL(progress.lag(first.partition)->records, 60);
  CAF_CHECK(!progress.lag(second.partition));
}

CAF_TEST(a_high_watermark_from_before_the_last_records_is_no_lag) {
  finish(first, 40);
  const auto sights = look({{first.partition, Offset{30}}});
  CAF_REQUIRE_EQUAL(sights.size(), 1u);
  CAF_CHECK_EQUAL(sights[0].lag.records, 0);
  now += 120s;
  CAF_CHECK(!look({{first.partition, Offset{30}}})[0].lag.stalled);
}

CAF_TEST(what_is_not_held_or_was_not_read_is_left_out) {
  finish(second, 10);
  const PartitionId foreign{7};
  const auto sights = look({{foreign, Offset{100}},
                            {first.partition, Offset{100}},
                            {second.partition, Offset{100}}});
  CAF_REQUIRE_EQUAL(sights.size(), 1u);
  CAF_CHECK(sights[0].partition == second.partition);
  CAF_CHECK(!progress.lag(foreign));
  CAF_CHECK(!progress.lag(first.partition));
}

CAF_TEST(a_stall_begins_once_and_again_after_it_ended) {
  const std::vector<PartitionLag> ends{{first.partition, Offset{100}}};
  finish(first, 40);
  look(ends);
  now += 60s;
  CAF_CHECK(!look(ends)[0].lag.stalled);
  now += 1s;
  auto sight = look(ends)[0];
  CAF_CHECK(sight.lag.stalled);
  CAF_CHECK(sight.stall_began);
  now += 1s;
  sight = look(ends)[0];
  CAF_CHECK(sight.lag.stalled);
  CAF_CHECK(!sight.stall_began);
  CAF_CHECK(progress.lag(first.partition)->stalled);
  finish(first, 41);
  sight = look(ends)[0];
  CAF_CHECK(!sight.lag.stalled);
  CAF_CHECK(!sight.stall_began);
  CAF_CHECK(!progress.lag(first.partition)->stalled);
  now += 61s;
  CAF_CHECK(look(ends)[0].stall_began);
}

CAF_TEST(partitions_stall_each_on_its_own) {
  const std::vector<PartitionLag> ends{{second.partition, Offset{100}},
                                       {first.partition, Offset{100}}};
  finish(first, 40);
  finish(second, 40);
  look(ends);
  now += 61s;
  finish(second, 50);
  const auto sights = look(ends);
  CAF_REQUIRE_EQUAL(sights.size(), 2u);
  CAF_CHECK(sights[0].partition == second.partition);
  CAF_CHECK(!sights[0].lag.stalled);
  CAF_CHECK(sights[1].partition == first.partition);
  CAF_CHECK(sights[1].stall_began);
}

CAF_TEST(a_partition_without_a_high_watermark_keeps_its_lag) {
  finish(first, 40);
  look({{first.partition, Offset{100}}});
  finish(first, 60);
  CAF_CHECK(look({}).empty());
  CAF_CHECK_EQUAL(progress.lag(first.partition)->records, 60);
}

CAF_TEST(who_comes_back_is_not_held_to_the_time_before) {
  const std::vector<PartitionLag> ends{{first.partition, Offset{100}},
                                       {second.partition, Offset{100}}};
  finish(first, 40);
  finish(second, 40);
  look(ends);
  now += 61s;
  CAF_CHECK(look(ends)[0].lag.stalled);
  progress.forget(std::vector{first});
  CAF_CHECK(!progress.lag(first.partition));
  CAF_CHECK(progress.lag(second.partition)->stalled);
  auto sights = look(ends);
  CAF_CHECK(!sights[0].lag.stalled);
  CAF_CHECK(sights[1].lag.stalled);
  CAF_CHECK(!sights[1].stall_began);
  now += 61s;
  sights = look(ends);
  CAF_CHECK(sights[0].stall_began);
}

CAF_TEST_FIXTURE_SCOPE_END()

CAF_TEST(any_history_agrees_with_the_model) {
  int stalls = 0;
  for (std::uint64_t seed = 0; seed != 50; ++seed) {
    Walk walk{seed};
    for (int step = 0; step != 300; ++step) {
      walk.step();
      stalls += walk.look();
      walk.compare_what_is_remembered();
    }
  }
  CAF_CHECK_GREATER(stalls, 100); // or it has compared little
}
