#include "actors/delivery/delivery_config.hpp"

namespace millrace::actors {

void describe(logic::SettingVisitor& visitor, DeliveryConfig& config) {
  visitor.section("delivery", "Retries, commits and deadlines.");
  visitor.setting(
    {.name = "guarantee",
     .help = "at_least_once: nothing is lost, but what was delivered after the "
             "last commit is delivered again after a crash. exactly_once: "
             "outputs, dead letters, insights and offsets are written in "
             "transactions, which readers with isolation.level=read_committed "
             "see whole or not at all; each node of the group needs a "
             "node.name of its own that lasts.",
     .choices = {"at_least_once", "exactly_once"}},
    &config.guarantee);
  visitor.setting({.name = "transaction_interval",
                   .help = "With exactly_once: from the first record of a "
                           "transaction to its commit. Readers see nothing of "
                           "it before.",
                   .min = 10,
                   .max = 60'000},
                  &config.transaction_interval);
  visitor.setting({.name = "transaction_timeout",
                   .help = "With exactly_once: after that the broker aborts "
                           "what a node that died has left open, which readers "
                           "and the next owner of its partitions wait for. The "
                           "same node ends it at once when it comes back.",
                   .min = 1'000,
                   .max = 900'000},
                  &config.transaction_timeout);
  visitor.setting({.name = "retry_limit",
                   .help = "Retries of a record that a broker refuses for a "
                           "passing reason though it takes others of its "
                           "partition, and of a batch that failed a stage. "
                           "After that the record goes to the dead letters "
                           "with the last error. What all records are refused "
                           "for is waited out and not counted.",
                   .min = 0,
                   .max = 1000,
                   .variable = "KAFKA_RETRY_LIMIT"},
                  &config.retry_limit);
  visitor.setting({.name = "retry_backoff",
                   .help = "Wait before the first retry; doubles with each.",
                   .min = 1,
                   .max = 600'000},
                  &config.retry_backoff);
  visitor.setting({.name = "retry_backoff_max",
                   .help = "Longest wait between retries.",
                   .min = 1,
                   .max = 3'600'000},
                  &config.retry_backoff_max);
  visitor.setting({.name = "commit_interval",
                   .help = "How often finished offsets are committed. What "
                           "was delivered after the last commit is processed "
                           "again after a crash.",
                   .min = 10,
                   .max = 600'000},
                  &config.commit_interval);
  visitor.setting({.name = "revoke_deadline",
                   .help = "How long a partition that moves to another member "
                           "may take to finish what is in flight. The "
                           "whole group waits for it so long.",
                   .min = 0,
                   .max = 3'600'000},
                  &config.revoke_deadline);
  visitor.setting({.name = "shutdown_deadline",
                   .help = "How long a shutdown may take to finish, flush, "
                           "commit and leave the group. Keep it below the "
                           "container's grace period (30 s in Kubernetes).",
                   .min = 100,
                   .max = 3'600'000},
                  &config.shutdown_deadline);
  visitor.setting({.name = "stall_alarm",
                   .help = "A partition that lags without any progress for "
                           "this long counts as stalled (metric and log).",
                   .min = 1'000,
                   .max = 86'400'000},
                  &config.stall_alarm);
  visitor.setting(
    {.name = "oversized_dead_letter",
     .help = "What becomes of a dead letter that is larger than its topic "
             "allows (max.message.bytes): with reference it is written "
             "without its value, but with the size, a digest and the place in "
             "the input; with stop its partition waits until the limit is "
             "raised.",
     .choices = {"reference", "stop"}},
    &config.oversized_dead_letter);
  visitor.setting({.name = "crash_journal",
                   .help = "File (some 200 KiB, offsets only) that remembers "
                           "what was in flight when the process died, so that "
                           "a record that kills it is found over its next "
                           "lives and set aside; empty for none. One file for "
                           "each node, on a disk that outlives its restarts."},
                  &config.crash_journal);
}

} // namespace millrace::actors
