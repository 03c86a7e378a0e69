#include "tests/simulation/simulated_node.hpp"

#include "logic/delivery/record_sink.hpp"
#include "logic/intake/record_source.hpp"
#include "messages/supervision.hpp"
#include "tests/support/metric_text.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <iterator>

namespace millrace::tests {

SimulatedNode::SimulatedNode() {
  // The trainer has a thread of its own, which no scheduler controls.
  config.detection.enabled = false;
  config.insights.enabled = false;
}

SimulatedNode::~SimulatedNode() {
  if (topology) {
    caf::anon_send(topology->supervisor(), messages::StopChildren{});
    sched.run();
    topology->release();
  }
  source->wake = nullptr;
  sink->wake = nullptr;
  sched.run();
}

void SimulatedNode::start() {
  auto metrics = std::make_shared<actors::Metrics>(registry);
  node::TopologyParameters parameters{
    .config = config,
    .node = "n1",
    .workers = workers,
    .open_source =
      [this]() -> logic::Result<std::unique_ptr<logic::RecordSource>> {
      ++sources_opened;
      return std::unique_ptr<logic::RecordSource>{
        std::make_unique<SimulatedSource>(source)};
    },
    .open_sink = [this]() -> logic::Result<std::unique_ptr<logic::RecordSink>> {
      ++sinks_opened;
      return std::unique_ptr<logic::RecordSink>{
        std::make_unique<SimulatedSink>(sink)};
    },
    .make_lookup = {},
    .quiet_networks = {},
    .model = model,
    .recorder = recorder,
    .state_store = state_store,
    .background = {},
    .links = links,
    .on_give_up = [this](std::string why) { deaths.push_back(std::move(why)); },
    .end_node =
      [this](const logic::Error& error) { deaths.push_back(error.text); },
    .surroundings = {log, metrics, clock, faults},
    .supervisor_thread = false};
  topology = node::spawn_topology(sys, std::move(parameters));
  happen(logic::ClientEvent::Kind::assigned);
  run_until_idle();
}

void SimulatedNode::arrive(logic::RecordBatchPtr batch) {
  source->batches.push_back(std::move(batch));
  source->wake();
}

void SimulatedNode::happen(logic::ClientEvent::Kind kind,
                           std::int32_t partition, std::uint64_t epoch) {
  logic::ClientEvent event;
  event.kind = kind;
  event.partitions = {
    {logic::PartitionId{partition}, logic::AssignmentEpoch{epoch}}};
  source->events.push_back(std::move(event));
  if (source->wake)
    source->wake();
}

void SimulatedNode::run_until_idle() {
  sched.run();
}

void SimulatedNode::pass(std::chrono::milliseconds time) {
  constexpr std::chrono::milliseconds step{10};
  for (; time.count() > 0; time -= step) {
    sched.advance_time(step);
    clock->advance(step);
    sched.run();
  }
}

std::vector<SentRecord>
SimulatedNode::sent(logic::Destination destination) const {
  std::vector<SentRecord> result;
  std::ranges::copy_if(sink->sent, std::back_inserter(result),
                       [destination](const SentRecord& record) {
                         return record.destination == destination;
                       });
  return result;
}

double SimulatedNode::metric(const std::string& name,
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

double SimulatedNode::credit(const std::string& stage,
                             const std::string& state) const {
  return metric_value(*registry, R"(millrace_credit_bytes{stage=")" + stage
                                   + R"(",state=")" + state + "\"}")
    .value_or(0);
}

} // namespace millrace::tests
