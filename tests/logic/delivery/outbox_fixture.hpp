#pragma once

#include "logic/delivery/outbox.hpp"
#include "tests/simulation/simulated_kafka.hpp"

#include <memory>
#include <string>
#include <vector>

namespace millrace::tests {

using namespace millrace::logic; // NOLINT: of tests of that namespace

/// A batch of `good` outputs and then `bad` rejections.
inline EncodedBatchPtr encoded(int good, int bad, std::int64_t first = 0,
                               std::int32_t partition = 0) {
  std::vector<std::string> values;
  for (int index = 0; index != good + bad; ++index)
    values.push_back("in" + std::to_string(first + index));
  auto batch = std::make_shared<EncodedBatch>();
  batch->raw = make_batch(values, first, partition);
  batch->details = {"why not"};
  for (int index = 0; index != good + bad; ++index) {
    EncodedRecord record;
    record.record = static_cast<std::uint32_t>(index);
    record.dead = index >= good;
    if (!record.dead) {
      record.begin = static_cast<std::uint32_t>(batch->bytes.size());
      batch->bytes += "out" + std::to_string(first + index);
      record.length = static_cast<std::uint32_t>(batch->bytes.size())
                      - record.begin;
    }
    batch->records.push_back(record);
  }
  return batch;
}

inline BatchTicket ticket(std::uint64_t id) {
  BatchTicket ticket;
  ticket.id = BatchId{id};
  ticket.epoch = AssignmentEpoch{1};
  return ticket;
}

struct OutboxFixture {
  std::shared_ptr<SinkScript> script = std::make_shared<SinkScript>();
  SimulatedSink sink{script};
  Outbox outbox{make_config()};
  Outbox::TimePoint now{};

  static OutboxConfig make_config() {
    OutboxConfig config;
    config.retry_limit = 3;
    config.back_off = {std::chrono::milliseconds{100},
                       std::chrono::milliseconds{400}};
    config.node = "n1";
    return config;
  }

  /// Sends and takes reports until nothing more happens at this time.
  void run() {
    for (;;) {
      const auto before = script->sent.size();
      outbox.pump(sink, now, 1'720'000'000'000);
      DeliveryReports reports;
      sink.take_reports(reports);
      outbox.apply_reports(reports, now);
      if (script->sent.size() == before)
        return;
    }
  }

  void run_retries(int rounds) {
    for (int round = 0; round != rounds && outbox.next_retry(); ++round) {
      now = *outbox.next_retry();
      run();
    }
  }
};

} // namespace millrace::tests
