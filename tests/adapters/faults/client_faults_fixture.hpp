#pragma once

#include "adapters/faults/faulty_sink.hpp"
#include "tests/simulation/simulated_kafka.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

/// What the tests of faulty clients share.
namespace millrace::adapters::faults::test {

using namespace millrace::logic;
using namespace millrace::tests;
using Kind = ClientEvent::Kind;

using Indexes = std::vector<std::uint32_t>; ///< of records in their slots
using Counts = std::map<std::uint32_t, std::uint32_t>; ///< by slot

inline OutgoingRecord record(std::uint32_t index,
                             Destination destination = Destination::output,
                             std::uint32_t slot = 0) {
  OutgoingRecord result;
  result.token = {slot, index};
  result.destination = destination;
  return result;
}

inline std::vector<OutgoingRecord> outputs(std::uint32_t count,
                                           std::uint32_t first = 0) {
  std::vector<OutgoingRecord> result;
  for (std::uint32_t index = 0; index != count; ++index)
    result.push_back(record(first + index));
  return result;
}

inline Indexes indexes(const std::vector<SentRecord>& records) {
  Indexes result;
  for (const auto& each : records)
    result.push_back(each.token.index);
  return result;
}

inline Indexes indexes(const std::vector<DeliveryFailure>& failures) {
  Indexes result;
  for (const auto& each : failures)
    result.push_back(each.token.index);
  return result;
}

inline Counts counts(const DeliveryReports& reports) {
  Counts result;
  for (const auto& report : reports.delivered)
    result[report.slot] += report.count;
  return result;
}

inline std::uint32_t delivered(const DeliveryReports& reports) {
  std::uint32_t sum = 0;
  for (const auto& [slot, count] : counts(reports))
    sum += count;
  return sum;
}

/// A faulty sink, and what its owner notices.
struct SinkFixture {
  std::shared_ptr<ClientFaults> client_faults
    = std::make_shared<ClientFaults>();
  std::shared_ptr<SinkScript> script = std::make_shared<SinkScript>();
  std::unique_ptr<RecordSink> sink = client(script);
  int wakes = 0;
  DeliveryReports reports;

  SinkFixture() {
    sink->on_ready([this] { ++wakes; });
    look();
  }

  std::unique_ptr<RecordSink> client(std::shared_ptr<SinkScript> its) {
    return make_faulty_sink(std::make_unique<SimulatedSink>(std::move(its)),
                            client_faults);
  }

  const DeliveryReports& look() {
    sink->take_reports(reports);
    wakes = 0;
    return reports;
  }
};

} // namespace millrace::adapters::faults::test
