// CPU time of validation and encoding per event, on the real generator's
// shape, in batches of 1 and of 1,000. Usage: codec [events]
#include "logic/encoding/encoder.hpp"
#include "logic/generation/login_generator.hpp"
#include "logic/validation/validator.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <vector>

using namespace millrace::logic;

namespace {

constexpr std::int64_t now_ms = 1'750'000'000'000;
constexpr int rounds = 7;

/// CPU time of this thread: others on the machine do not count.
std::int64_t cpu_time_ns() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

std::vector<RecordBatchPtr> batches_of(std::size_t events,
                                       std::size_t batch_size) {
  generation::GeneratorConfig config;
  auto generator = generation::LoginGenerator::create(config);
  if (!generator) {
    std::fprintf(stderr, "codec: %s\n", generator.error().text.c_str());
    std::exit(1);
  }
  std::vector<RecordBatchPtr> batches;
  generation::GeneratedBatch generated;
  std::int64_t offset = 0;
  for (std::size_t done = 0; done < events; done += batch_size) {
    generator->fill(generated, batch_size);
    RecordBatch::Builder builder{"user-login", PartitionId{0},
                                 AssignmentEpoch{1}};
    for (const auto& record : generated.records()) {
      RecordView view;
      view.offset = Offset{offset++};
      view.timestamp_ms = now_ms;
      view.key = generated.key(record);
      view.value = generated.value(record);
      builder.append(view);
    }
    batches.push_back(builder.finish());
  }
  return batches;
}

/// An enriched batch as the stages before the encoder leave it.
struct Judged {
  EnrichedBatch enriched;
  std::vector<ShardJudgementsPtr> judgements;
};

Judged judged(ValidatedBatchPtr validated, const geo::Place& place) {
  Judged result;
  const auto count = static_cast<std::uint32_t>(validated->events.size());
  result.enriched.validated = std::move(validated);
  result.enriched.origins.resize(count,
                                 {.place = &place,
                                  .user_hash = 1,
                                  .address_class = geo::AddressClass::public_});
  auto judgements = std::make_shared<ShardJudgements>();
  judgements->model_id = "forest-20240710";
  for (std::uint32_t event = 0; event != count; ++event) {
    judgements->events.push_back(event);
    judgements->judgements.push_back({.score = 0.451F, .scored = true});
  }
  result.judgements.push_back(std::move(judgements));
  return result;
}

/// The median over some rounds of the time that `work` takes, per event.
double median_ns(std::size_t events, const std::function<void()>& work) {
  std::array<double, rounds> times{};
  for (auto& time : times) {
    const auto begin = cpu_time_ns();
    work();
    time = static_cast<double>(cpu_time_ns() - begin)
           / static_cast<double>(events);
  }
  std::ranges::sort(times);
  return times[rounds / 2];
}

void measure(std::size_t events, std::size_t batch_size) {
  geo::Place place;
  place.json = R"({"country":"US","region":"Washington","city":"Seattle",)"
               R"("latitude":47.6062,"longitude":-122.3321,"asn":7018})";
  Validator validator{{}};
  Encoder encoder{{}};
  const auto batches = batches_of(events, batch_size);
  std::size_t input_bytes = 0;
  std::size_t valid_events = 0;
  std::vector<Judged> encodable;
  for (const auto& batch : batches) {
    for (std::size_t index = 0; index != batch->size(); ++index)
      input_bytes += (*batch)[index].value->size();
    encodable.push_back(judged(validator.validate(batch, now_ms), place));
    valid_events += encodable.back().enriched.validated->events.size();
  }
  const double validate_ns = median_ns(events, [&] {
    for (const auto& batch : batches)
      validator.validate(batch, now_ms);
  });
  std::size_t output_bytes = 0;
  const double encode_ns = median_ns(events, [&] {
    output_bytes = 0;
    for (const auto& [enriched, judgements] : encodable)
      output_bytes
        += encoder.encode(enriched, judgements, now_ms)->bytes.size();
  });
  std::printf("batch of %4zu: validate %6.1f ns, encode %6.1f ns per event "
              "(%zu bytes in, %zu out)\n",
              batch_size, validate_ns, encode_ns, input_bytes / events,
              output_bytes / valid_events);
}

} // namespace

int main(int argc, char** argv) {
  std::size_t events = 100'000;
  if (argc > 1)
    events = std::strtoull(argv[1], nullptr, 10) / 1000 * 1000;
  if (events == 0) {
    std::fprintf(stderr, "usage: codec [events, at least 1000]\n");
    return 2;
  }
  measure(events, 1);
  measure(events, 1000);
  return 0;
}
