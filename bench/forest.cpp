// What detection costs per event: the forest in each of its forms, and a
// detector's whole report. CPU time of this thread, the least of many
// repetitions.

#include "logic/detection/compiled_forest.hpp"
#include "logic/detection/forest_trainer.hpp"
#include "tests/logic/detection/batch_detector.hpp"
#include "tests/logic/detection/login_batch.hpp"
#include "tests/logic/detection/sample_rows.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <functional>
#include <limits>
#include <string>
#include <vector>

namespace {

using namespace millrace;
using namespace millrace::logic::detection;

constexpr std::size_t rows_scored = 1024;

double thread_ns() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9
         + static_cast<double>(now.tv_nsec);
}

void print_line(const std::string& what, double ns_per_event) {
  std::printf("%-34s %8.1f\n", what.c_str(), ns_per_event);
}

double least_ns(int repetitions, std::size_t events,
                const std::function<void()>& body) {
  auto least = std::numeric_limits<double>::infinity();
  for (int i = 0; i != repetitions; ++i) {
    const auto begin = thread_ns();
    body();
    least = std::min(least, thread_ns() - begin);
  }
  return least / static_cast<double>(events);
}

bool measure_forest() {
  const auto rows = tests::random_rows(8192, feature_count, 1);
  const auto forest = fit_forest(rows.view(), {});
  if (!forest) {
    std::fprintf(stderr, "error: %s\n", forest.error().text.c_str());
    return false;
  }
  const CompiledForest compiled{*forest};
  const RowsView some{rows.view().values.first(rows_scored * feature_count),
                      feature_count};
  std::vector<float> scores(rows_scored);
  print_line("forest, exact (pointer trees)", least_ns(5, rows_scored, [&] {
               for (std::size_t row = 0; row != rows_scored; ++row)
                 scores[row] = forest->score(some[row]);
             }));
  for (const auto kernel :
       {ForestKernel::portable, ForestKernel::avx2, ForestKernel::avx512}) {
    const auto name = "forest, " + std::string{to_string(kernel)};
    if (supported(kernel))
      print_line(name, least_ns(200, rows_scored,
                                [&] { compiled.score(some, scores, kernel); }));
    else
      std::printf("%-34s %8s\n", name.c_str(), "-");
  }
  return true;
}

/// 1,000 events each; of new users all the time, or of the same 20,000.
std::vector<logic::EnrichedBatchPtr>
make_batches(std::size_t count, std::uint64_t users,
             const logic::geo::Place* places, std::uint64_t place_count,
             bool outcomes) {
  Random random{5};
  std::vector<logic::EnrichedBatchPtr> batches;
  for (std::size_t batch = 0; batch != count; ++batch) {
    std::vector<tests::LoginText> logins(1000);
    for (auto& login : logins) {
      const auto user = random.below(users);
      login.user = "user-" + std::to_string(user) + "-of-many";
      login.device = std::to_string(user) + "-0123456789abcdef0123456789";
      login.locale = std::to_string(10 + random.below(50));
      login.place = places + user % place_count;
      login.at_s += static_cast<std::int64_t>(40 * batch);
      if (!outcomes)
        continue;
      login.status = random.below(33) == 0 ? logic::LoginStatus::failure
                                           : logic::LoginStatus::success;
      login.address = "10.1." + std::to_string(user / 250 % 250) + "."
                      + std::to_string(user % 250);
    }
    batches.push_back(tests::login_batch(
      std::move(logins), static_cast<std::int64_t>(1000 * batch)));
  }
  return batches;
}

bool measure_judge(const char* whose, std::uint64_t users,
                   bool outcomes = false) {
  std::vector<logic::geo::Place> places(64);
  for (std::size_t i = 0; i != places.size(); ++i) {
    places[i].country = {static_cast<char>('A' + i % 26), 'X'};
    places[i].has_coordinates = true;
    places[i].latitude = static_cast<double>(i);
    places[i].longitude = static_cast<double>(2 * i);
  }
  const auto batches = make_batches(300, users, places.data(), places.size(),
                                    outcomes);
  tests::BatchDetector detector{{}};
  std::size_t next = 0;
  const auto judge = [&] { detector.judge(*batches[next++]); };
  while (next != 100)
    judge();
  print_line(std::string{"judge without forest, "} + whose,
             least_ns(100, 1000, judge));
  const auto rows = detector.take_samples();
  auto model = fit_model({rows, feature_count}, feature_names(), {});
  if (!model) {
    std::fprintf(stderr, "error: %s\n", model.error().text.c_str());
    return false;
  }
  detector.use_forest(*model);
  print_line(std::string{"judge with forest, "} + whose,
             least_ns(100, 1000, judge));
  return true;
}

} // namespace

int main() {
  std::printf("%-34s %8s\n", "100 trees, 256 samples, 8 features", "ns/event");
  const bool done = measure_forest()
                    && measure_judge("new users", 1'000'000'000)
                    && measure_judge("known users", 20'000)
                    && measure_judge("with outcomes", 20'000, true);
  return done ? 0 : 1;
}
