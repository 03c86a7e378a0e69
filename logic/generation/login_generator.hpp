#pragma once

#include "logic/core/result.hpp"
#include "logic/generation/bad_record.hpp"
#include "logic/generation/planted_story.hpp"
#include "logic/generation/random_stream.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::logic::generation {

/// What is generated. Equal configurations give equal streams.
struct GeneratorConfig {
  std::uint64_t seed = 1;
  /// Event time of record 0, milliseconds since 1970.
  std::int64_t start_time_ms = 1'720'000'000'000;
  /// Event time that passes from one record to the next.
  std::int64_t event_interval_us = 0;
  /// Share of records spoiled on purpose, 0 to 1, drawn from `bad_kinds`.
  double bad_share = 0.0;
  std::vector<BadKind> bad_kinds = default_bad_kinds();
  /// Length of a `too_large` value in bytes.
  std::size_t too_large_bytes = 1'100'000;
  /// Share of events without `device_type`; the real generator's is 5 %.
  double no_device_type_share = 0.05;
  /// Share of ordinary logins that fail. Above 0, or with stories that are told
  /// by failures, every event tells its outcome as `login_status`.
  double failure_share = 0.0;
  /// Returning users with a home city, device and locale. At 0 every event
  /// is of a fresh user at a random address, as the real generator has it.
  std::size_t population = 0;
  /// Stories to plant. They need a population of at least 1 (sprays: of
  /// `spray_logins`), and `StoryCounts::records` records of horizon; holidays
  /// need 20 days of event time.
  StoryCounts stories;
  /// Records over which the stories are spread: the length of the stream,
  /// or of its first part where it is endless.
  std::uint64_t story_horizon = 100'000;
  /// Where given, values are these lines instead, from first to last.
  std::shared_ptr<const std::vector<std::string>> lines;
  bool cycle_lines = true;
};

/// One generated record. Offsets point into the batch's bytes.
struct GeneratedRecord {
  std::uint64_t number = 0; ///< 0, 1, 2, ... in the stream
  std::int64_t event_time_ms = 0;
  std::size_t key_begin = 0;
  std::size_t value_begin = 0;
  std::size_t value_bytes = 0;
  bool tombstone = false;
  bool has_device_type = true;
  std::optional<BadKind> bad; ///< nothing for a record meant to be good
};

/// Records in one contiguous buffer, reused from call to call.
class GeneratedBatch {
public:
  static constexpr std::size_t key_bytes = 36;

  std::span<const GeneratedRecord> records() const noexcept { return records_; }
  std::string_view key(const GeneratedRecord& record) const noexcept {
    return std::string_view{bytes_}.substr(record.key_begin, key_bytes);
  }
  /// Nothing for a tombstone.
  std::optional<std::string_view>
  value(const GeneratedRecord& record) const noexcept;

private:
  friend class LoginGenerator;
  std::vector<GeneratedRecord> records_;
  std::string bytes_;
};

/// Login events as the real generator of the `user-login` topic emits them,
/// quirks included: members in the order user_id, app_version, ip, locale,
/// device_id, timestamp, device_type; a key that has nothing to do with the
/// user; addresses of four random octets; one version; Unix seconds.
/// Deterministic, without a clock. Not thread-safe.
class LoginGenerator {
public:
  /// `invalid_argument` where the configuration contradicts itself.
  static Result<LoginGenerator> create(GeneratorConfig config);

  LoginGenerator(LoginGenerator&&) noexcept;
  LoginGenerator& operator=(LoginGenerator&&) noexcept;
  ~LoginGenerator();

  /// Replaces the batch's content with the next `count` records; fewer, or
  /// none, when the lines have run out.
  void fill(GeneratedBatch& batch, std::size_t count);

  /// From the next record on, event time runs from `time_ms`. For streams
  /// that follow a clock.
  void set_event_time(std::int64_t time_ms) noexcept;

  std::uint64_t next_number() const noexcept;

  /// The ground truth of the whole stream, whether generated yet or not,
  /// ordered by first record.
  std::span<const PlantedStory> stories() const noexcept;

private:
  struct State;
  explicit LoginGenerator(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

} // namespace millrace::logic::generation
