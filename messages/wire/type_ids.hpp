#pragma once

#include "logic/links/node_identity.hpp"
#include "messages/wire/bounded.hpp"
#include "messages/wire/judgements.hpp"
#include "messages/wire/lane_work.hpp"
#include "messages/wire/links.hpp"

#include <caf/type_id.hpp>

/// What travels between nodes, each type once: see messages/wire/README.md.
/// Numbers are part of the protocol: a new type goes to the end, and none is
/// ever moved or taken away.
namespace millrace::messages::wire {

inline constexpr caf::type_id_t first_type_id = 1'000;

} // namespace millrace::messages::wire

CAF_BEGIN_TYPE_ID_BLOCK(millrace_wire,
                        ::millrace::messages::wire::first_type_id)

CAF_ADD_TYPE_ID(millrace_wire, (millrace::messages::wire::Hello))
CAF_ADD_TYPE_ID(millrace_wire, (millrace::messages::wire::Welcome))
CAF_ADD_TYPE_ID(millrace_wire, (millrace::messages::wire::Refused))
CAF_ADD_TYPE_ID(millrace_wire, (millrace::messages::wire::Ping))
CAF_ADD_TYPE_ID(millrace_wire, (millrace::messages::wire::Pong))
CAF_ADD_TYPE_ID(millrace_wire, (millrace::messages::wire::ShardOwners))
CAF_ADD_TYPE_ID(millrace_wire, (millrace::messages::wire::JudgeRequest))
CAF_ADD_TYPE_ID(millrace_wire, (millrace::messages::wire::JudgeAnswer))
CAF_ADD_TYPE_ID(millrace_wire, (millrace::messages::wire::LaneOpen))
CAF_ADD_TYPE_ID(millrace_wire, (millrace::messages::wire::LaneWork))
CAF_ADD_TYPE_ID(millrace_wire, (millrace::messages::wire::LaneAnswer))
CAF_ADD_TYPE_ID(millrace_wire, (millrace::messages::wire::LaneDrop))
CAF_ADD_TYPE_ID(millrace_wire, (millrace::messages::wire::LaneWindow))
CAF_ADD_TYPE_ID(millrace_wire, (millrace::messages::wire::LaneQuestion))
CAF_ADD_TYPE_ID(millrace_wire, (millrace::messages::wire::LaneResult))
CAF_ADD_TYPE_ID(millrace_wire, (millrace::messages::wire::LaneFailed))
CAF_ADD_TYPE_ID(millrace_wire, (millrace::messages::wire::LaneInsight))
CAF_ADD_TYPE_ID(millrace_wire, (millrace::messages::wire::QuestionCredit))

CAF_END_TYPE_ID_BLOCK(millrace_wire)

namespace millrace::logic::links {

template <class Inspector>
bool inspect(Inspector& f, SettingsDigest& digest) {
  return f.object(digest).fields(
    messages::wire::bounded(f, "name", digest.name, max_identity_text),
    f.field("digest", digest.digest));
}

template <class Inspector>
bool inspect(Inspector& f, NodeIdentity& node) {
  using messages::wire::bounded;
  auto get_role = [&node] { return static_cast<std::uint8_t>(node.role); };
  auto set_role = [&node](std::uint8_t number) {
    node.role = static_cast<NodeRole>(number);
    return true;
  };
  // Stays first in all versions: by it the others are known not to fit.
  return f.object(node).fields(
    f.field("protocol", node.protocol),
    bounded(f, "cluster", node.cluster, max_identity_text),
    f.field("topics", node.topics),
    bounded(f, "name", node.name, max_identity_text),
    f.field("incarnation", node.incarnation),
    f.field("role", get_role, set_role),
    bounded(f, "version", node.version, max_identity_text),
    bounded(f, "settings", node.settings, max_identity_settings),
    f.field("capacity", node.capacity),
    bounded(f, "advertised", node.advertised, max_identity_text));
}

} // namespace millrace::logic::links

namespace millrace::messages::wire {

template <class Inspector>
bool inspect(Inspector& f, Hello& hello) {
  return f.object(hello).fields(f.field("node", hello.node));
}

template <class Inspector>
bool inspect(Inspector& f, Welcome& welcome) {
  return f.object(welcome).fields(f.field("node", welcome.node));
}

template <class Inspector>
bool inspect(Inspector& f, Refused& refused) {
  return f.object(refused).fields(
    f.field("reason", refused.reason),
    bounded(f, "text", refused.text, max_reason_bytes),
    f.field("incarnation", refused.incarnation));
}

template <class Inspector>
bool inspect(Inspector& f, Ping& ping) {
  return f.object(ping).fields(f.field("number", ping.number));
}

template <class Inspector>
bool inspect(Inspector& f, Pong& pong) {
  return f.object(pong).fields(f.field("number", pong.number));
}

template <class Inspector>
bool inspect(Inspector& f, ShardClaim& claim) {
  return f.object(claim).fields(f.field("shard", claim.shard),
                                f.field("generation", claim.generation));
}

template <class Inspector>
bool inspect(Inspector& f, ShardOwners& owners) {
  return f.object(owners).fields(
    bounded(f, "shards", owners.shards, max_shards));
}

template <class Inspector>
bool inspect(Inspector& f, JudgeRequest& request) {
  return f.object(request).fields(
    bounded(f, "rows", request.rows, max_judgement_bytes));
}

template <class Inspector>
bool inspect(Inspector& f, JudgeAnswer& answer) {
  return f.object(answer).fields(
    bounded(f, "judgements", answer.judgements, max_judgement_bytes));
}

template <class Inspector>
bool inspect(Inspector& f, LaneOpen& open) {
  return f.object(open).fields();
}

template <class Inspector>
bool inspect(Inspector& f, LaneWork& work) {
  return f.object(work).fields(f.field("number", work.number),
                               f.field("first_try", work.first_try),
                               bounded(f, "batch", work.batch, max_lane_bytes));
}

template <class Inspector>
bool inspect(Inspector& f, LaneAnswer& answer) {
  return f.object(answer).fields(
    f.field("number", answer.number),
    bounded(f, "judgements", answer.judgements, max_lane_bytes));
}

template <class Inspector>
bool inspect(Inspector& f, LaneDrop& drop) {
  return f.object(drop).fields(f.field("number", drop.number));
}

template <class Inspector>
bool inspect(Inspector& f, LaneWindow& window) {
  return f.object(window).fields(f.field("life", window.life),
                                 f.field("bytes", window.bytes));
}

template <class Inspector>
bool inspect(Inspector& f, LaneQuestion& question) {
  return f.object(question).fields(
    f.field("number", question.number),
    bounded(f, "rows", question.rows, max_lane_bytes));
}

template <class Inspector>
bool inspect(Inspector& f, LaneResult& result) {
  return f.object(result).fields(
    f.field("number", result.number),
    bounded(f, "additions", result.additions, max_lane_bytes));
}

template <class Inspector>
bool inspect(Inspector& f, LaneFailed& failed) {
  return f.object(failed).fields(
    f.field("number", failed.number), f.field("guilty", failed.guilty),
    bounded(f, "stage", failed.stage, max_stage_bytes),
    bounded(f, "text", failed.text, max_failure_bytes));
}

template <class Inspector>
bool inspect(Inspector& f, LaneInsight& insight) {
  return f.object(insight).fields(
    bounded(f, "json", insight.json, max_insight_bytes));
}

template <class Inspector>
bool inspect(Inspector& f, QuestionCredit& credit) {
  return f.object(credit).fields(f.field("bytes", credit.bytes));
}

} // namespace millrace::messages::wire
