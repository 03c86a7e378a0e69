#pragma once

#include "adapters/kafka/embedded_broker.hpp"
#include "adapters/kafka/topic_reader.hpp"
#include "adapters/kafka/topic_writer.hpp"
#include "logic/records/provenance.hpp"
#include "logic/records/record_headers.hpp"
#include "logic/records/replay_history.hpp"

#include "caf/test/dsl.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace millrace::tests {

/// An embedded broker with dead letters as a node writes them.
class DeadLetterStage {
public:
  static constexpr std::int32_t partitions = 2;
  static constexpr std::chrono::seconds patience{20};

  struct Letter {
    std::int32_t partition = 0;
    std::optional<std::string> key = "key";
    std::optional<std::string> value = "value";
    std::string before; ///< encoded headers of the record itself
    logic::Reason reason = logic::Reason::missing_field;
    std::optional<std::int32_t> source_partition; ///< else as above
    std::int64_t source_offset = 0;
    std::string topic = "user-login";
    bool reference = false;
    bool by_a_node = true;
  };

  struct Found {
    std::optional<std::string> key;
    std::string value;
    std::string headers;
    std::int64_t timestamp_ms = -1;
  };

  DeadLetterStage() {
    adapters::kafka::EmbeddedBrokerOptions options;
    options.topics = {{config.input_topic, partitions},
                      {config.output_topic, partitions},
                      {config.dlq_topic, partitions},
                      {"repair", partitions}};
    auto started = adapters::kafka::EmbeddedBroker::start(options);
    CAF_REQUIRE(started.has_value());
    broker = std::move(*started);
    config.bootstrap_servers = broker->bootstrap_servers();
    config.fetch_wait = std::chrono::milliseconds{10};
  }

  void write(const std::vector<Letter>& letters) {
    auto writer = adapters::kafka::TopicWriter::open(config, config.dlq_topic);
    CAF_REQUIRE(writer.has_value());
    for (const auto& letter : letters) {
      auto headers = letter.before;
      logic::DeadLetterNote note;
      note.source = {
        letter.topic,
        logic::PartitionId{letter.source_partition.value_or(letter.partition)},
        logic::Offset{letter.source_offset}};
      note.reason = letter.reason;
      note.stage = "validator";
      note.node = "node-1";
      note.detail = "why";
      note.time_ms = time_ms + letter.source_offset;
      if (letter.reference)
        note.value = logic::omit(letter.value.value_or(""));
      if (letter.by_a_node)
        append_dead_letter_note(headers, note);
      adapters::kafka::TopicRecord record;
      record.partition = logic::PartitionId{letter.partition};
      record.key = letter.key;
      if (!letter.reference)
        record.value = letter.value;
      record.headers = headers;
      record.timestamp_ms = time_ms - 1'000;
      while (!(*writer)->write(record))
        (*writer)->poll(std::chrono::milliseconds{100});
    }
    CAF_REQUIRE((*writer)->flush(patience).has_value());
  }

  /// So many of one reason, by turns in both partitions, numbered by value.
  void write_numbered(int count, int first = 0,
                      logic::Reason reason = logic::Reason::missing_field) {
    std::vector<Letter> letters;
    for (int number = first; number != first + count; ++number) {
      Letter letter;
      letter.partition = number % partitions;
      letter.value = std::to_string(number);
      letter.source_offset = number;
      letter.reason = reason;
      letters.push_back(letter);
    }
    write(letters);
  }

  /// All of a topic, by partition.
  std::map<std::int32_t, std::vector<Found>> all_of(const std::string& topic) {
    auto reader = adapters::kafka::TopicReader::open(config);
    CAF_REQUIRE(reader.has_value());
    const auto extent = (*reader)->extent(topic, patience);
    CAF_REQUIRE(extent.has_value());
    std::map<std::int32_t, std::vector<Found>> result;
    const auto read = (*reader)->read(
      topic, *extent,
      [&](logic::PartitionId partition, const logic::RecordView& record) {
        Found found{std::nullopt, std::string{record.value.value_or("(null)")},
                    std::string{record.headers}, record.timestamp_ms};
        if (record.key)
          found.key = *record.key;
        result[partition.value].push_back(std::move(found));
        return true;
      },
      patience);
    CAF_REQUIRE(read.has_value());
    return result;
  }

  /// The values of one partition.
  std::vector<std::string> values(const std::string& topic,
                                  std::int32_t partition) {
    std::vector<std::string> values;
    auto all = all_of(topic);
    for (const auto& found : all[partition])
      values.push_back(found.value);
    return values;
  }

  std::size_t count(const std::string& topic) {
    std::size_t count = 0;
    for (const auto& [partition, found] : all_of(topic))
      count += found.size();
    return count;
  }

  static constexpr std::int64_t time_ms = 1'764'511'200'000;
  adapters::kafka::KafkaConfig config;
  std::unique_ptr<adapters::kafka::EmbeddedBroker> broker;
};

} // namespace millrace::tests
