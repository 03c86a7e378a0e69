#include "actors/delivery/delivery_notices.hpp"

#include "logic/core/actor_table.hpp"
#include "logic/records/reason.hpp"

#include <cstddef>
#include <utility>

namespace millrace::actors {

namespace {

using logic::LogLevel;
using logic::OutboxNotice;

/// As many partitions as a status names.
constexpr std::size_t shown_partitions = 32;

} // namespace

void log_notice(logic::Log& log, logic::LogLimiter::Time now,
                const OutboxNotice& notice) {
  const auto say = [&](LogLevel level, std::string_view message) {
    log.limited(now, level, name_of(logic::ActorKind::producer), message,
                {{"partition", notice.partition},
                 {"offset", notice.offset},
                 {"error", notice.text}});
  };
  switch (notice.kind) {
    case OutboxNotice::Kind::waiting:
      say(LogLevel::warn, "records are refused and wait until they are taken");
      break;
    case OutboxNotice::Kind::given_up:
      log.debug(name_of(logic::ActorKind::producer), "record rejected",
                {{"partition", notice.partition},
                 {"offset", notice.offset},
                 {"reason", to_string(logic::Reason::delivery_failed)},
                 {"detail", notice.text}});
      say(LogLevel::warn,
          "a record cannot be delivered and becomes a dead letter");
      break;
    case OutboxNotice::Kind::stuck:
      say(LogLevel::error,
          "a dead letter cannot be written; its partition waits until it can");
      break;
    case OutboxNotice::Kind::referenced:
      say(LogLevel::error,
          "a dead letter is too large and is written without its value, which "
          "only the input holds: raise the limit that the error names");
      break;
    case OutboxNotice::Kind::client_failed:
      break;
  }
}

void log_failed_deliveries(logic::Log& log, const logic::Outbox& outbox,
                           const logic::DeliveryReports& reports) {
  if (reports.failed.empty() || !log.enabled(LogLevel::debug))
    return;
  for (const auto& failure : reports.failed)
    if (const auto source = outbox.source_of(failure.token))
      log.debug(name_of(logic::ActorKind::producer), "record not delivered",
                {{"topic", source->topic},
                 {"partition", source->partition},
                 {"offset", source->offset},
                 {"fault", to_string(failure.fault)},
                 {"attempt", outbox.attempts(failure.token)},
                 {"error", failure.text}});
}

std::vector<messages::PinnedPartition>
pinned_partitions(const logic::Outbox& outbox) {
  std::vector<messages::PinnedPartition> result;
  for (auto& pinned : outbox.pinned(shown_partitions))
    result.push_back({pinned.partition, pinned.offset, std::move(pinned.text)});
  return result;
}

} // namespace millrace::actors
