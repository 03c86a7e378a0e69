// What detection makes of a million events with 200 stories of each kind: the
// table of docs/detection.md. planted_stories [records [stories]]

#include "tests/logic/detection/planted_score.hpp"

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  const auto records = argc > 1 ? std::strtoull(argv[1], nullptr, 10)
                                : 1'000'000ULL;
  const auto each = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 200ULL;
  auto generator = millrace::logic::generation::LoginGenerator::create(
    millrace::tests::planted_month(records, each));
  if (!generator) {
    std::fprintf(stderr, "error: %s\n", generator.error().text.c_str());
    return 1;
  }
  millrace::tests::print(
    millrace::tests::PlantedScorer{std::move(*generator)}.run(records));
  return 0;
}
