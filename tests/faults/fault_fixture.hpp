#pragma once

#include "logic/delivery/outgoing_record.hpp"
#include "logic/detection/features.hpp"
#include "logic/detection/forest_trainer.hpp"
#include "logic/detection/model.hpp"
#include "logic/faults/fault_order.hpp"
#include "logic/records/client_event.hpp"
#include "logic/records/provenance.hpp"
#include "messages/faults.hpp"
#include "tests/simulation/simulated_node.hpp"

#include <boost/json/parse.hpp>

#include <cstdint>
#include <iostream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace millrace::tests {

/// A whole node on virtual time, of which actors can be crashed at any step.
struct FaultFixture : SimulatedNode {
  static constexpr int partitions = 2;

  /// Records per batch and batches per partition that `feed` lets arrive.
  std::size_t batch_size = 5;
  int batches = 4;
  std::map<std::int32_t, std::int64_t> fed; ///< next offset by partition
  std::vector<std::string> orders; ///< obeyed by the gates

  FaultFixture() {
    config.supervision.restart_limit = 1'000;
    config.supervision.restart_backoff = std::chrono::milliseconds{4};
    config.supervision.restart_backoff_max = std::chrono::milliseconds{20};
    config.insights.enabled = true;
    config.detection.enabled = true;
    model = any_model();
  }

  static logic::detection::ModelPtr any_model() {
    std::vector<float> rows;
    for (std::size_t value = 0; value != 400 * logic::detection::feature_count;
         ++value)
      rows.push_back(static_cast<float>(value * 7 % 101));
    logic::detection::FitOptions options;
    options.trees = 5;
    options.sample_size = 32;
    auto fitted = logic::detection::fit_model(
      {rows, logic::detection::feature_count},
      logic::detection::feature_names(), options);
    if (!fitted)
      throw std::runtime_error{fitted.error().text};
    return *fitted;
  }

  /// Starts with two partitions.
  void begin() {
    start();
    happen(logic::ClientEvent::Kind::assigned, 1);
    run_until_idle();
  }

  /// Lets batches of well-formed logins arrive; `special` values replace those
  /// at their (partition, offset).
  void feed(
    const std::map<std::pair<std::int32_t, std::int64_t>, std::string>& special
    = {}) {
    for (int batch = 0; batch != batches; ++batch)
      for (std::int32_t partition = 0; partition != partitions; ++partition) {
        std::vector<std::string> values;
        auto& next = fed[partition];
        for (std::size_t record = 0; record != batch_size; ++record) {
          const auto offset = next + static_cast<std::int64_t>(record);
          const auto found = special.find({partition, offset});
          values.push_back(found == special.end()
                             ? login_json("u-" + std::to_string(offset % 7))
                             : found->second);
        }
        arrive(make_batch(values, next, partition));
        next += static_cast<std::int64_t>(batch_size);
      }
  }

  void crash(const std::string& name) {
    caf::anon_send(topology->supervisor(),
                   messages::PassOnFault{order_of("crash " + name)});
  }

  static logic::faults::FaultOrder order_of(const std::string& text) {
    auto order = logic::faults::parse_fault_order(text);
    if (!order)
      throw std::runtime_error{order.error().text};
    return std::move(*order);
  }

  /// Runs so many messages, no more.
  void steps(std::size_t count) {
    for (std::size_t step = 0; step != count; ++step)
      if (!sched.try_run_once())
        return;
  }

  std::vector<std::string> actors() const {
    std::vector<std::string> names{"dispatcher", "producer", "consumer",
                                   "insights"};
    for (std::uint32_t number = 0; number != workers; ++number)
      for (const auto* kind :
           {"validator", "enricher", "encoder", "anomaly_detector"})
        names.push_back(std::string{kind} + ' ' + std::to_string(number));
    return names;
  }

  /// Where each record that was delivered came from, in order of delivery.
  std::map<std::int32_t, std::vector<std::int64_t>> delivered() const {
    std::map<std::int32_t, std::vector<std::int64_t>> offsets;
    for (const auto& record : sink->sent) {
      if (!sink->answer(record).delivered)
        continue;
      if (record.destination == logic::Destination::output) {
        const auto origin = boost::json::parse(record.value).at("source");
        offsets[origin.at("partition").to_number<std::int32_t>()].push_back(
          origin.at("offset").to_number<std::int64_t>());
      } else if (record.destination == logic::Destination::dead_letters) {
        const auto note = logic::read_dead_letter_note(record.headers);
        offsets[note->source.partition.value].push_back(
          note->source.offset.value);
      }
    }
    return offsets;
  }

  /// Lets time pass until all is well, at most so much.
  bool recovers(std::chrono::milliseconds limit = std::chrono::seconds{12}) {
    constexpr std::chrono::milliseconds look{100};
    for (; limit.count() > 0; limit -= look) {
      for (int step = 0; step != 5; ++step) {
        sched.advance_time(look / 5);
        sched.run();
      }
      if (complaint().empty())
        return true;
    }
    std::cerr << complaint();
    tell_story();
    return false;
  }

  /// What the node logged, for whoever looks for the reason.
  void tell_story() const {
    for (const auto& line : log->lines()) {
      std::cerr << "  " << line.component << ": " << line.message;
      for (const auto& [name, value] : line.fields) {
        std::cerr << ' ' << name << '=';
        std::visit([](const auto& shown) { std::cerr << shown; }, value);
      }
      std::cerr << '\n';
    }
  }

  bool all_is_well() const {
    const auto text = complaint();
    std::cerr << text;
    return text.empty();
  }

  /// What speaks against this: every record that was fed was delivered once,
  /// in order, and committed; all credit is back; nobody gave up.
  std::string complaint() const {
    std::ostringstream text;
    for (const auto& [partition, end] : fed) {
      const auto all = delivered();
      const auto found = all.find(partition);
      const auto offsets = found == all.end() ? std::vector<std::int64_t>{}
                                              : found->second;
      std::vector<std::int64_t> expected;
      for (std::int64_t offset = 0; offset != end; ++offset)
        expected.push_back(offset);
      if (offsets == expected)
        continue;
      text << "partition " << partition << ": " << offsets.size()
           << " delivered of " << expected.size() << ':';
      for (const auto offset : offsets)
        text << ' ' << offset;
      text << '\n';
    }
    std::map<std::int32_t, std::int64_t> committed;
    for (const auto& commit : source->commits)
      committed[commit.partition.value] = commit.next.value;
    if (committed != fed)
      text << "not all is committed\n";
    for (const auto* stage : {"consumer", "lane", "anomaly_detector"})
      if (credit(stage, "used") != 0)
        text << "credit of " << stage << " is missing\n";
    for (const auto& death : deaths)
      text << "death: " << death << '\n';
    return text.str();
  }

  /// Has gates see to faults, as `fault_injection.orders` does.
  void arm(const std::string& text) {
    const auto order = order_of(text);
    for (const auto& [actor, gate] : topology->gates())
      if (is_meant(order, actor))
        caf::anon_send(gate, messages::ArmGate{order, std::nullopt});
    run_until_idle();
  }
};

} // namespace millrace::tests
