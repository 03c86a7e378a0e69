#include "tests/support/node_fixture.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <iterator>

namespace millrace::tests {

NodeFixture::NodeFixture() {
  // The trainer has a thread of its own, which no scheduler controls.
  config.detection.enabled = false;
  config.insights.enabled = false;
}

NodeFixture::~NodeFixture() {
  if (topology) {
    caf::anon_send(topology->supervisor(), messages::StopChildren{});
    sched.run();
    topology->release();
  }
  source->wake = nullptr;
  sink->wake = nullptr;
  sched.run();
}

void NodeFixture::start() {
  auto metrics = std::make_shared<actors::Metrics>(registry);
  node::TopologyParts parts{
    .config = config,
    .node = "n1",
    .workers = workers,
    .open_source =
      [this]() -> logic::Result<std::unique_ptr<logic::RecordSource>> {
      ++sources_opened;
      return std::unique_ptr<logic::RecordSource>{
        std::make_unique<FakeSource>(source)};
    },
    .open_sink = [this]() -> logic::Result<std::unique_ptr<logic::RecordSink>> {
      ++sinks_opened;
      return std::unique_ptr<logic::RecordSink>{
        std::make_unique<FakeSink>(sink)};
    },
    .make_lookup = {},
    .model = model,
    .recorder = recorder,
    .background = {},
    .on_give_up = [this](std::string why) { deaths.push_back(std::move(why)); },
    .surroundings = {log, metrics,
                     std::make_shared<FixedClock>(1'730'000'000'000)},
    .supervisor_thread = false};
  topology = node::spawn_topology(sys, std::move(parts));
  happen(logic::SourceEvent::Kind::assigned);
  settle();
}

void NodeFixture::arrive(logic::RecordBatchPtr batch) {
  source->batches.push_back(std::move(batch));
  source->wake();
}

void NodeFixture::happen(logic::SourceEvent::Kind kind, std::int32_t partition,
                         std::uint64_t epoch) {
  logic::SourceEvent event;
  event.kind = kind;
  event.partitions = {
    {logic::PartitionId{partition}, logic::AssignmentEpoch{epoch}}};
  source->events.push_back(std::move(event));
  if (source->wake)
    source->wake();
}

void NodeFixture::settle() {
  sched.run();
}

void NodeFixture::pass(std::chrono::milliseconds time) {
  constexpr std::chrono::milliseconds step{10};
  for (; time.count() > 0; time -= step) {
    sched.advance_time(step);
    sched.run();
  }
}

std::vector<SentRecord>
NodeFixture::sent(logic::Destination destination) const {
  std::vector<SentRecord> result;
  std::ranges::copy_if(sink->sent, std::back_inserter(result),
                       [destination](const SentRecord& record) {
                         return record.destination == destination;
                       });
  return result;
}

double NodeFixture::metric(const std::string& name,
                           const std::string& label) const {
  double sum = 0.0;
  for (const auto& family : registry->Collect())
    if (family.name == name)
      for (const auto& series : family.metric)
        if (label.empty()
            || std::ranges::any_of(series.label, [&](const auto& entry) {
                 return entry.value == label;
               }))
          sum += series.counter.value + series.gauge.value
                 + static_cast<double>(series.histogram.sample_count);
  return sum;
}

} // namespace millrace::tests
