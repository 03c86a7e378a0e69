#pragma once

#include "adapters/kafka/kafka_config.hpp"
#include "adapters/kafka/topic_writer.hpp"
#include "logic/core/result.hpp"
#include "logic/generation/login_generator.hpp"
#include "node/chaos/poison_ledger.hpp"

#include <cstdint>
#include <memory>
#include <string_view>

namespace millrace::node::chaos {

/// Writes records to the input that a poisoned stage throws on, and finds
/// them again among the dead letters. One thread at a time.
class PoisonPlanter {
public:
  static logic::Result<std::unique_ptr<PoisonPlanter>>
  open(const adapters::kafka::KafkaConfig& kafka, std::uint64_t seed);

  /// Writes a login event with that match in it, without waiting for it to
  /// arrive. Errors: `queue_full`.
  logic::Result<void> plant(std::string_view match);

  /// Waits until all are written.
  logic::Result<void> flush();

  /// Records planted.
  std::uint64_t planted() const noexcept { return planted_; }

  /// Reads the dead letters from end to end. Blocks.
  logic::Result<PoisonTally> look_for_them();

private:
  PoisonPlanter(adapters::kafka::KafkaConfig kafka,
                logic::generation::LoginGenerator generator,
                std::unique_ptr<adapters::kafka::TopicWriter> writer);

  adapters::kafka::KafkaConfig kafka_;
  logic::generation::LoginGenerator generator_;
  std::unique_ptr<adapters::kafka::TopicWriter> writer_;
  PoisonLedger ledger_;
  std::uint64_t planted_ = 0;
};

} // namespace millrace::node::chaos
