#include "node/chaos/poison_planter.hpp"

#include "adapters/kafka/topic_reader.hpp"
#include "logic/records/provenance.hpp"

#include <chrono>
#include <string>
#include <utility>

namespace millrace::node::chaos {

namespace {

using logic::Error;
using logic::ErrorCode;
using logic::Result;
using logic::generation::GeneratedBatch;
using logic::generation::GeneratorConfig;
using logic::generation::LoginGenerator;

constexpr std::chrono::seconds flush_limit{60};
constexpr std::chrono::seconds read_limit{15};
/// So that no planted event equals one of the load.
constexpr std::uint64_t seed_of_its_own = 0x9E3779B97F4A7C15U;

GeneratorConfig generator_config(std::uint64_t seed) {
  GeneratorConfig config;
  config.seed = seed ^ seed_of_its_own;
  config.no_device_type_share = 0.0; // a required field by default
  return config;
}

} // namespace

Result<std::unique_ptr<PoisonPlanter>>
PoisonPlanter::open(const adapters::kafka::KafkaConfig& kafka,
                    std::uint64_t seed) {
  auto generator = LoginGenerator::create(generator_config(seed));
  if (!generator)
    return generator.error();
  auto writer = adapters::kafka::TopicWriter::open(kafka, kafka.input_topic);
  if (!writer)
    return writer.error();
  return std::unique_ptr<PoisonPlanter>{
    new PoisonPlanter(kafka, *std::move(generator), *std::move(writer))};
}

PoisonPlanter::PoisonPlanter(
  adapters::kafka::KafkaConfig kafka, LoginGenerator generator,
  std::unique_ptr<adapters::kafka::TopicWriter> writer)
  : kafka_(std::move(kafka)), generator_(std::move(generator)),
    writer_(std::move(writer)) {}

Result<void> PoisonPlanter::plant(std::string_view match) {
  generator_.set_event_time(
    std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::system_clock::now().time_since_epoch())
      .count());
  GeneratedBatch batch;
  generator_.fill(batch, 1);
  const auto& record = batch.records().front();
  auto value = poisoned(batch.value(record).value_or("{}"), match);
  writer_->poll(std::chrono::milliseconds{0});
  adapters::kafka::TopicRecord outgoing;
  outgoing.key = batch.key(record);
  outgoing.value = value;
  if (!writer_->write(outgoing))
    return Error{ErrorCode::queue_full,
                 "no room for a poison record: the embedded broker does not "
                 "take any"};
  ledger_.plant(std::move(value));
  ++planted_;
  return {};
}

Result<void> PoisonPlanter::flush() {
  return writer_->flush(flush_limit);
}

Result<PoisonTally> PoisonPlanter::look_for_them() {
  auto reader = adapters::kafka::TopicReader::open(kafka_);
  if (!reader)
    return reader.error();
  auto extent = (*reader)->extent(kafka_.dlq_topic, read_limit);
  if (!extent)
    return extent.error();
  const auto visit = [this](logic::PartitionId,
                            const logic::RecordView& record) {
    const auto note = logic::read_dead_letter_note(record.headers);
    if (note && note->reason == logic::Reason::poison)
      ledger_.find(record.value.value_or(std::string_view{}));
    return true;
  };
  auto read = (*reader)->read(kafka_.dlq_topic, *extent, visit, read_limit);
  if (!read)
    return read.error();
  return ledger_.tally();
}

} // namespace millrace::node::chaos
