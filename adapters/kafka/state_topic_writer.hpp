#pragma once

#include "adapters/kafka/client.hpp"
#include "adapters/kafka/state_topic.hpp"
#include "adapters/kafka/state_topic_record.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace millrace::adapters::kafka {

/// A record for the state topic; without a value it deletes the key.
struct StateTopicEntry {
  std::string key;
  std::optional<std::string> value;
};

/// Why something is written, to be told with what became of it.
struct StateWrite {
  enum class Kind : std::uint8_t { claim, append, move, removal, release };
  Kind kind = Kind::append;
  std::uint32_t shard = 0;
  std::uint64_t assignment = 0; ///< under which the shard was held
  std::uint64_t number = 0; ///< of `append`; for others as they like
  StateGeneration generation = 0; ///< for the header; 0: none
};

struct StateWritten {
  StateWrite write;
  std::int64_t last_offset = -1;
  logic::Result<void> outcome;
};

/// Writes to the state topic in order, without waiting: the idempotent
/// producer behind StateTopic. One thread.
class StateTopicWriter {
public:
  logic::Result<void> open(const KafkaConfig& config,
                           const StateTopicParameters& parameters);

  /// Events arrive here. Another one after `reopen`.
  rd_kafka_queue_t* queue() const noexcept { return queue_.get(); }

  /// Writes these one after the other, behind all before in that shard.
  void write(const StateWrite& write, std::vector<StateTopicEntry> entries);

  /// Takes delivery reports in, waiting for the first one for so long, and
  /// hands on what waited. Errors that are no delivery's go to `errors`.
  void serve(std::vector<EventPtr>& errors, std::chrono::milliseconds wait);

  std::vector<StateWritten> take_written();

  /// What `serve` would do at once, or `take_written` would tell.
  bool idle() const noexcept { return under_way_.empty() && written_.empty(); }

  /// Of records that are not confirmed.
  std::size_t unconfirmed_bytes() const noexcept { return unconfirmed_bytes_; }

  /// Whether the client has failed for good.
  bool failed() const;

  /// A new client; all that was under way has failed. Where that fails, too,
  /// there is none until it is tried again.
  logic::Result<void> reopen();

  /// Nothing that waits may be written any more: it belongs to others now.
  void drop_waiting();

private:
  struct Delivery {
    StateWrite write;
    std::size_t outstanding = 0;
    std::int64_t last_offset = -1;
    std::optional<logic::Error> error;
  };
  struct Waiting {
    std::uint64_t delivery = 0;
    StateTopicEntry entry;
  };

  void pump();
  void on_report(const rd_kafka_message_t& message);
  void finish_one(std::uint64_t delivery, std::size_t bytes,
                  std::optional<logic::Error> error, std::int64_t offset);

  KafkaConfig config_;
  StateTopicParameters parameters_;
  ClientPtr client_;
  QueuePtr queue_;
  TopicPtr topic_;
  std::uint64_t next_delivery_ = 1;
  std::map<std::uint64_t, Delivery> under_way_;
  std::deque<Waiting> waiting_;
  std::size_t unconfirmed_bytes_ = 0;
  std::vector<StateWritten> written_;
};

} // namespace millrace::adapters::kafka
