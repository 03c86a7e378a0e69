#pragma once

#include "logic/core/result.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::logic::faults {

/// What a node or its embedded broker can be told to do wrong. The numbers
/// index tables; the names (see `to_string`) are the public interface.
enum class FaultKind : std::uint8_t {
  crash, ///< an actor ends with an error, at once or after some batches
  throw_on_match, ///< a stage throws on batches with a certain record; stays
  hang, ///< an actor blocks its thread
  slow, ///< an actor takes longer for its next messages
  corrupt_answer, ///< one answer of a stage is garbled
  fail_deliveries, ///< records are not sent and reported as failed
  lose_reports, ///< records are sent, but never reported
  fence_producer, ///< the Kafka client of the producer says it is fenced
  fail_commits, ///< commits of offsets fail
  drop_credit, ///< credit messages to the consumer vanish
  exhaust_credit, ///< the consumer gets no credit at all
  broker_down, ///< the embedded broker goes away; not obeyed by the node
  die_on_match, ///< the whole process is killed by a certain record; stays
};

inline constexpr std::size_t fault_kind_count = 13;

/// "crash", "poison", "hang", "slow", "corrupt", "fail_deliveries", ...: the
/// words that an order begins with, joined by underscores. For mixes and
/// metric labels.
std::string_view to_string(FaultKind kind) noexcept;

/// The kind of that name, if there is one.
std::optional<FaultKind> fault_kind_of(std::string_view name) noexcept;

inline constexpr std::uint32_t max_actor_number = 9'999;
inline constexpr std::uint32_t max_after_batches = 1'000'000;
inline constexpr std::uint32_t max_fault_count = 1'000'000;
inline constexpr std::chrono::milliseconds max_fault_duration{3'600'000};
inline constexpr std::size_t max_match_bytes = 256;
inline constexpr std::size_t max_order_bytes = 2048;

/// One fault on purpose. What a kind does not use keeps its default.
struct FaultOrder {
  FaultKind kind = FaultKind::crash;

  /// Who is to obey: an actor ("producer", "validator 0"), all actors of a
  /// kind ("validator"), or "broker". Kinds that only one actor can obey name
  /// it here too: "producer" for those of the sink, "consumer" for those of
  /// commits and credit.
  std::string target{};

  /// crash: batches that the actor still finishes.
  std::uint32_t after_batches = 0;

  /// slow, fail_deliveries, lose_reports, fail_commits, drop_credit: how many
  /// messages, reports or commits it befalls; at least 1.
  std::uint32_t count = 1;

  /// hang, exhaust_credit, broker_down: how long. slow: for each message.
  std::chrono::milliseconds duration{0};

  /// throw_on_match, die_on_match: bytes that a record's value contains; never
  /// empty.
  std::string match{};

  friend bool operator==(const FaultOrder&, const FaultOrder&) = default;
};

/// The order as people type it, in its shortest form; `parse_fault_order`
/// makes an equal order of it. One line without control characters:
///
///   crash encoder 1 after 3
///   poison validator "POISON 7"
///   slow producer for 5ms times 20
///   broker down for 1s
///
/// A match stands bare if it can. It stands in double quotes if it holds a
/// blank, a double quote, a backslash or a control character, or is not
/// UTF-8; within them \" \\ \n \r \t and \xHH (a byte) stand for what cannot
/// be written.
std::string to_string(const FaultOrder& order);

/// Reads what `to_string` writes, with any number of blanks between words,
/// `after`, `for` and `times` in any order, and any of ms, s, min and h as
/// the unit of a duration. Keywords are in lower case. Errors
/// (invalid_argument) say what is wrong, at which byte of the text (column,
/// from 1), and what is allowed there.
Result<FaultOrder> parse_fault_order(std::string_view text);

/// Whether the actor, named as in the node's tree ("validator 0"), is to
/// obey the order.
bool is_meant(const FaultOrder& order, std::string_view actor) noexcept;

/// All forms of an order with a line of explanation each, then what the
/// words in capitals stand for; lines end with \n and fit 80 columns.
std::string help();

} // namespace millrace::logic::faults
