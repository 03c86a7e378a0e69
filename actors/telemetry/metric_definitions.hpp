#pragma once

/// What the metrics of a node are called, and what they tell. Internal to
/// `Metrics`.
namespace millrace::actors::definitions {

struct Definition {
  const char* name;
  const char* help;
};

// The mandated names.
inline constexpr Definition processed_records{
  "kafka_messages_processed_total",
  "Input records that ended: delivered to the output, or as dead letter."};
inline constexpr Definition duration{
  "kafka_processing_duration_seconds",
  "Time of a record from being read to being settled."};
inline constexpr Definition consumer_lag{
  "kafka_consumer_lag_records",
  "Records in an assigned partition behind its high watermark."};

// Consumption.
inline constexpr Definition records_read{"millrace_records_consumed_total",
                                         "Records read from the input topic."};
inline constexpr Definition bytes_read{
  "millrace_consumed_bytes_total",
  "Bytes of keys, values and headers read from the input topic."};
inline constexpr Definition assigned{"millrace_assigned_partitions",
                                     "Input partitions that this node holds."};
inline constexpr Definition stalled{
  "millrace_stalled_partitions",
  "Assigned partitions that stand still: with lag and a finished offset that "
  "does not move, or without a record and an end since they were assigned."};
inline constexpr Definition commit{"millrace_commits_total",
                                   "Offset commits by their result."};
inline constexpr Definition transaction{
  "millrace_transactions_total",
  "Transactions by how they ended, with delivery.guarantee exactly_once."};
inline constexpr Definition fenced_client{
  "millrace_fenced_total",
  "Clients of Kafka that another node's under the same name has put out."};
inline constexpr Definition rebalance{
  "millrace_rebalances_total",
  "Changes of the assignment of input partitions, by kind."};

inline constexpr Definition skipped{
  "millrace_records_skipped_total",
  "Offsets passed over as reading could not go on where it should, by reason."};

// Flow.
inline constexpr Definition budget{
  "millrace_budget_bytes",
  "Bytes that events may occupy on this node (flow.memory_budget)."};
inline constexpr Definition credit{
  "millrace_credit_bytes", "Bytes that a stage grants, that are used, and "
                           "that wait for some."};
inline constexpr Definition rate{
  "millrace_rate_limit_events_per_second",
  "Events that the node may read in a second; 0 for no limit."};
inline constexpr Definition rate_limited{
  "millrace_rate_limited_seconds_total",
  "Time for which the rate limit held back the intake."};
inline constexpr Definition batches{"millrace_batches_in_flight",
                                    "Batches read and not yet settled."};
inline constexpr Definition bytes{"millrace_bytes_in_flight",
                                  "Payload bytes of the batches in flight."};
inline constexpr Definition redispatch{
  "millrace_redispatched_batches_total",
  "Batches (or halves) given out again after a failure or a restart."};
inline constexpr Definition poison{
  "millrace_poison_records_total",
  "Records set aside because they fail a stage on every try."};
inline constexpr Definition limit{
  "millrace_limit_reached_total",
  "Times that a configured limit held something back, by limit."};

// Delivery.
inline constexpr Definition retries{
  "millrace_delivery_retries_total",
  "Records sent again after a delivery that may yet succeed."};
inline constexpr Definition bytes_written{
  "millrace_produced_bytes_total",
  "Bytes of output values handed to the Kafka producer."};
inline constexpr Definition reference{
  "millrace_dead_letter_references_total",
  "Dead letters written without their value, as it did not fit their topic."};
inline constexpr Definition replaced_timestamp{
  "millrace_replaced_timestamps_total",
  "Records written with the present time, as a broker refused their own."};
inline constexpr Definition pinned{
  "millrace_pinned_partitions",
  "Partitions that stand still because a dead letter cannot be written."};
inline constexpr Definition delivery_failure{
  "millrace_delivery_failures_total",
  "Records that came back undelivered, by destination and error."};
inline constexpr Definition recreation{
  "millrace_topics_recreated_total",
  "Topics found deleted and created again, by topic."};
inline constexpr Definition dead_letter{"millrace_dead_letters_total",
                                        "Records set aside, by reason."};

// Enrichment.
inline constexpr Definition geo_lookup{
  "millrace_geo_lookups_total",
  "Events looked up in the geolocation database, by result."};
inline constexpr Definition geo_reload{
  "millrace_geo_reloads_total",
  "Attempts to replace the geolocation database, by result."};
inline constexpr Definition watch_list{
  "millrace_watch_list_hits_total",
  "Events of an application version on the watch list."};
inline constexpr Definition replaced_member{
  "millrace_replaced_members_total",
  "Events whose own member of a name that the node writes was replaced."};
inline constexpr Definition insights{"millrace_insights_published_total",
                                     "Insight records sent."};
inline constexpr Definition login{
  "millrace_logins_total",
  "Valid events by the most frequent values of a dimension."};

// Detection.
inline constexpr Definition anomaly{"millrace_anomalies_total",
                                    "Events on which a detection rule fired."};
inline constexpr Definition low_finding{
  "millrace_low_findings_total",
  "Findings of low severity, which make no event anomalous."};
inline constexpr Definition unjudged{
  "millrace_events_unjudged_total",
  "Events that nobody judged, since who knows their users did not answer."};
inline constexpr Definition blind{
  "millrace_detection_blind",
  "1 while other nodes read a part of the input and nothing links them."};
inline constexpr Definition elsewhere{
  "millrace_events_judged_elsewhere_total",
  "Events of this node that another one judged, as it owns their users."};
inline constexpr Definition for_others{
  "millrace_events_judged_for_others_total",
  "Events of other nodes that this one was asked to judge."};
inline constexpr Definition late{
  "millrace_peers_late_total",
  "Times that a peer did not judge in time and was not waited for any more."};
inline constexpr Definition asked_bytes{
  "millrace_judgements_asked_bytes",
  "Bytes of questions to other nodes that are under way."};
inline constexpr Definition owed_bytes{
  "millrace_judgements_owed_bytes",
  "Bytes of rows that are kept for the next owners of their shards."};
inline constexpr Definition users{"millrace_detector_users",
                                  "Users that the detectors remember."};
inline constexpr Definition evicted{
  "millrace_detector_users_evicted_total",
  "Users forgotten to make room, least recently seen first."};
inline constexpr Definition addresses{
  "millrace_detector_addresses",
  "Addresses with failed logins that the detectors remember."};
inline constexpr Definition addresses_evicted{
  "millrace_detector_addresses_evicted_total",
  "Addresses forgotten to make room, least recently seen first."};
inline constexpr Definition quiet{
  "millrace_quiet_networks",
  "Networks and autonomous systems on the list of quiet ones."};
inline constexpr Definition quiet_reload{
  "millrace_quiet_networks_reloads_total",
  "Attempts to replace the list of quiet networks, by result."};
inline constexpr Definition model{"millrace_model_info",
                                  "1 for the isolation forest in use."};
inline constexpr Definition fit{"millrace_model_fits_total",
                                "Fits of the isolation forest, by result."};

// History.
inline constexpr Definition kept_shards{
  "millrace_state_shards",
  "Shards of users and addresses whose history is here."};
inline constexpr Definition save_age{
  "millrace_state_age_seconds",
  "Since the shard that was saved longest ago was saved."};
inline constexpr Definition state_lost{
  "millrace_state_lost_seconds",
  "History that may be missing since it was last restored, at most."};
inline constexpr Definition state_bytes{
  "millrace_state_saved_bytes_total", "Bytes of history handed to the store."};
inline constexpr Definition snapshots{"millrace_state_snapshots_total",
                                      "Snapshots of shards, by result."};
inline constexpr Definition state_refused{
  "millrace_state_records_refused_total",
  "Records of history that were damaged, foreign or of another version."};
inline constexpr Definition state_dropped{
  "millrace_state_pages_dropped_total",
  "Parts of the history that were missing or older than they should be."};

// Supervision.
inline constexpr Definition restart{
  "millrace_restarts_total",
  "Actors started anew, by kind of actor and by why (failure, hang, sibling)."};
inline constexpr Definition recovery{
  "millrace_time_to_recover_seconds",
  "From the failure of an actor to the first sign of life of the next."};
inline constexpr Definition breaker{
  "millrace_circuit_state",
  "Circuit breaker of what lies outside: 0 closed, 1 open, 2 half-open."};

// Links.
inline constexpr Definition link_count{"millrace_links",
                                       "Nodes that this node is linked with."};
inline constexpr Definition link_round_trip{
  "millrace_link_round_trip_seconds",
  "Time of the last probe to a linked node and back."};
inline constexpr Definition link_credit_bytes{
  "millrace_link_credit_bytes",
  "Bytes of questions that a linked node takes at once from this one."};
inline constexpr Definition link_refusal{
  "millrace_link_refusals_total",
  "Links and connections that were refused by either side, by reason."};

// Workers.
inline constexpr Definition worker_count{
  "millrace_workers", "Workers that this node is linked with."};
inline constexpr Definition worker_record{
  "millrace_worker_records_total",
  "Records of this node that workers did the work of."};
inline constexpr Definition hosted_batch{
  "millrace_hosted_batches",
  "Batches of other nodes that are here, of a worker."};
inline constexpr Definition hosted_record{
  "millrace_hosted_records_total",
  "Records of other nodes that this worker did the work of."};
inline constexpr Definition ignored{
  "millrace_worker_messages_ignored_total",
  "Messages about lane work from nodes that should not send them, or that made "
  "no sense."};

// Node.
inline constexpr Definition errors{"millrace_errors_total",
                                   "Errors by component and code."};
inline constexpr Definition build{
  "millrace_build_info", "1, with the version and commit of this node."};

} // namespace millrace::actors::definitions
