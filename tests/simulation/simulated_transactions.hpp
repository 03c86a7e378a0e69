#pragma once

#include "tests/simulation/simulated_kafka.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace millrace::tests {

/// Of a fake sink; keeps what readers of committed records see. `sink` must
/// outlive this.
class SimulatedTransactions final : public logic::Transactions {
public:
  using Kind = logic::TransactionReport::Kind;

  explicit SimulatedTransactions(SinkScript& sink) : sink_(sink) {}

  bool begin() override {
    if (!ready)
      return false;
    ++begun;
    from_ = sink_.sent.size();
    return true;
  }

  void commit(std::vector<logic::PartitionOffset> positions,
              logic::GroupMembershipPtr as) override {
    ++commits;
    member = std::move(as);
    ordered_ = std::move(positions);
    if (!slow)
      end_commit();
  }

  /// What `commit` does by itself unless it is slow.
  void end_commit() {
    auto kind = Kind::committed;
    if (!outcomes.empty()) {
      kind = outcomes.front();
      outcomes.erase(outcomes.begin());
    }
    if (kind == Kind::committed) {
      for (auto index = from_; index != sink_.sent.size(); ++index)
        visible.push_back(sink_.sent[index].value);
      offsets = ordered_;
    }
    const logic::Error error{logic::ErrorCode::fenced, "no"};
    // The client is dead then.
    if (kind == Kind::unknown)
      sink_.events.push_back({logic::ClientEvent::Kind::failed, {}, error});
    report(kind, error);
  }

  void abort() override {
    ++aborted;
    report(Kind::aborted, {});
  }

  std::size_t seen(const std::string& value) const {
    return static_cast<std::size_t>(std::ranges::count(visible, value));
  }

  std::vector<logic::TransactionReport> take_reports() {
    return std::exchange(reports_, {});
  }

  bool ready = true;
  bool slow = false; ///< a commit waits for `end_commit`
  int begun = 0;
  int commits = 0; ///< that were ordered
  int aborted = 0;
  std::vector<Kind> outcomes; ///< of the next commits
  std::vector<std::string> visible;
  std::vector<logic::PartitionOffset> offsets; ///< of the last commit
  logic::GroupMembershipPtr member;

private:
  void report(Kind kind, const logic::Error& error) {
    reports_.push_back({kind, error});
    if (sink_.wake)
      sink_.wake();
  }

  SinkScript& sink_;
  std::size_t from_ = 0;
  std::vector<logic::PartitionOffset> ordered_;
  std::vector<logic::TransactionReport> reports_;
};

} // namespace millrace::tests
