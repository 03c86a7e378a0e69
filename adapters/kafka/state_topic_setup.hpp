#pragma once

#include "adapters/kafka/client.hpp"
#include "adapters/kafka/state_topic.hpp"

#include <chrono>
#include <optional>
#include <string_view>

namespace millrace::adapters::kafka {

/// An error about the state topic or its group: `ATTEMPTED topic NAME: ...`,
/// with the names and commands to mend it.
logic::Error to_state_topic_error(const StateTopicParameters& parameters,
                                  rd_kafka_resp_err_t error,
                                  std::string_view attempted,
                                  std::string_view detail);

/// Looks whether the state topic can hold the state, creates it where it is
/// missing, and asks again until it can. Never blocks; one thread.
class StateTopicSetup {
public:
  explicit StateTopicSetup(StateTopicParameters parameters)
    : parameters_(std::move(parameters)) {}

  /// Begins to ask. Answers arrive on `queue`; pass its events to `on_event`.
  void begin(rd_kafka_t* client, rd_kafka_queue_t* queue);

  /// Asks again when it is time to.
  void tick();

  /// Takes in an answer; false for any other event.
  bool on_event(rd_kafka_event_t* event);

  bool done() const noexcept { return step_ == Step::done; }

  /// What became of the last round, once.
  std::optional<logic::Error> take_fault() {
    return std::exchange(fault_, std::nullopt);
  }

private:
  using Clock = std::chrono::steady_clock;
  enum class Step : std::uint8_t { waiting, asking, done };

  void ask_topic();
  void on_topic(rd_kafka_event_t* event);
  void create();
  void on_created(rd_kafka_event_t* event);
  void on_limits(rd_kafka_event_t* event);
  void fail(logic::Error error);

  StateTopicParameters parameters_;
  rd_kafka_t* client_ = nullptr;
  rd_kafka_queue_t* queue_ = nullptr;
  Step step_ = Step::waiting;
  std::int32_t partitions_ = 0;
  Clock::time_point next_question_{};
  std::optional<logic::Error> fault_;
};

} // namespace millrace::adapters::kafka
