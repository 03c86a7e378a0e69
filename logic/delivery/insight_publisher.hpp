#pragma once

#include "logic/delivery/circuit_breaker.hpp"
#include "logic/delivery/record_sink.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>

namespace millrace::logic {

/// Sends insight records through a sink that it shares with an outbox. An
/// insight that is not delivered is let go, as the next one tells nearly the
/// same; after several failures none is sent for a while.
class InsightPublisher {
public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// Slots from here on are insights, one each; below, they are the outbox's.
  static constexpr std::uint32_t first_slot = 0xFFFF0000U;

  enum class GivenUp : std::uint8_t { forgotten, kept };

  /// After so many failures in succession none is sent for a while; `given_up`:
  /// whether those are kept that came back for another record's sake.
  explicit InsightPublisher(std::uint32_t failures_to_stop
                            = CircuitBreakerConfig{}.failures_to_open,
                            GivenUp given_up = GivenUp::forgotten)
    : circuit_(CircuitBreakerConfig{.failures_to_open = failures_to_stop}),
      keeps_(given_up == GivenUp::kept) {}

  struct Outcome {
    std::uint64_t published = 0;
    std::string failure; ///< the client's words on the last one that failed
  };

  /// False where it is not sent, as the topic fails at the moment.
  bool send(RecordSink& sink, std::shared_ptr<const std::string> json,
            TimePoint now, std::int64_t wall_ms);

  /// Sends those that were kept, as far as the sink takes them.
  void send_again(RecordSink& sink, std::int64_t wall_ms);

  /// Takes the reports on insights out of these.
  Outcome apply_reports(DeliveryReports& reports, TimePoint now);

  /// How many were sent and not reported.
  std::size_t under_way() const noexcept { return sent_.size(); }
  /// Those will never be.
  void drop() { sent_.clear(); }

  CircuitState circuit(TimePoint now) const { return circuit_.state(now); }

private:
  using Json = std::shared_ptr<const std::string>;
  static constexpr std::size_t max_kept = 64;

  bool hand_over(RecordSink& sink, const Json& json, std::int64_t wall_ms);

  std::map<std::uint32_t, std::shared_ptr<const std::string>> sent_;
  std::uint32_t next_ = 0;
  CircuitBreaker circuit_;
  bool keeps_;
  std::deque<Json> kept_;
};

} // namespace millrace::logic
