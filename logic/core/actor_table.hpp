#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Which actors a node is made of. Their order in a lane, who supervises them
/// in which order, their gates, the words of fault orders and the stages named
/// in dead letters all follow from the tables here; a new stage is a line of
/// `ActorKind` and a line of `actor_table`.
namespace millrace::logic {

/// In the order in which a batch meets them; the stages of a lane hand it on
/// in this order.
enum class ActorKind : std::uint8_t {
  consumer,
  dispatcher,
  validator,
  enricher,
  judgement_router,
  state_keeper,
  anomaly_detector,
  encoder,
  producer,
  insights,
  trainer,
  links,
  remote_lanes,
  lane_host,
};

/// How the actors of a kind are numbered.
enum class Numbering : std::uint8_t {
  single, ///< there is one, without a number
  lanes, ///< one for each lane
  detectors, ///< one for each detector
};

/// Who is supervised together. Groups start in this order: whoever begins the
/// flow comes last.
enum class ActorGroup : std::uint8_t {
  delivery,
  detection,
  lane,
  links,
  background, ///< tasks, which are named at run time
  intake,
};

/// What silence means: how long an actor may leave heartbeats unanswered.
enum class Patience : std::uint8_t {
  working, ///< supervision.hang_deadline
  client, ///< supervision.client_hang_deadline: waits for a Kafka client
  unlimited, ///< is not asked: what it does may take long
};

struct ActorTraits {
  ActorKind kind = ActorKind::consumer;
  std::string_view name; ///< in logs, metrics, the tree and fault orders
  ActorGroup group = ActorGroup::delivery;
  Numbering numbering = Numbering::single;
  Patience patience = Patience::working;
  bool stage = false; ///< judges or changes batches, and answers
};

/// By `ActorKind`.
inline constexpr std::array actor_table{
  ActorTraits{ActorKind::consumer, "consumer", ActorGroup::intake,
              Numbering::single, Patience::client, false},
  ActorTraits{ActorKind::dispatcher, "dispatcher", ActorGroup::delivery,
              Numbering::single, Patience::working, false},
  ActorTraits{ActorKind::validator, "validator", ActorGroup::lane,
              Numbering::lanes, Patience::working, true},
  ActorTraits{ActorKind::enricher, "enricher", ActorGroup::lane,
              Numbering::lanes, Patience::working, true},
  ActorTraits{ActorKind::judgement_router, "judgement_router",
              ActorGroup::detection, Numbering::single, Patience::working,
              false},
  ActorTraits{ActorKind::state_keeper, "state_keeper", ActorGroup::detection,
              Numbering::single, Patience::working, false},
  ActorTraits{ActorKind::anomaly_detector, "anomaly_detector",
              ActorGroup::detection, Numbering::detectors, Patience::working,
              true},
  ActorTraits{ActorKind::encoder, "encoder", ActorGroup::lane, Numbering::lanes,
              Patience::working, true},
  ActorTraits{ActorKind::producer, "producer", ActorGroup::delivery,
              Numbering::single, Patience::client, false},
  ActorTraits{ActorKind::insights, "insights", ActorGroup::delivery,
              Numbering::single, Patience::working, false},
  ActorTraits{ActorKind::trainer, "trainer", ActorGroup::detection,
              Numbering::single, Patience::unlimited, false},
  ActorTraits{ActorKind::links, "links", ActorGroup::links, Numbering::single,
              Patience::working, false},
  ActorTraits{ActorKind::remote_lanes, "remote_lanes", ActorGroup::links,
              Numbering::single, Patience::working, false},
  ActorTraits{ActorKind::lane_host, "lane_host", ActorGroup::delivery,
              Numbering::single, Patience::working, false},
};

static_assert(
  [] {
    for (std::size_t index = 0; index != actor_table.size(); ++index)
      if (static_cast<std::size_t>(actor_table[index].kind) != index)
        return false;
    return true;
  }(),
  "actor_table is indexed by ActorKind");

inline constexpr std::size_t actor_kind_count = actor_table.size();

constexpr const ActorTraits& traits_of(ActorKind kind) noexcept {
  return actor_table[static_cast<std::size_t>(kind)];
}

constexpr std::string_view name_of(ActorKind kind) noexcept {
  return traits_of(kind).name;
}

/// Whom a stage of a lane hands its batches to: the next of the lane, after
/// the last one the producer.
constexpr ActorKind next_in_lane(ActorKind stage) noexcept {
  const auto* const next = std::find_if(
    actor_table.begin() + static_cast<std::size_t>(stage) + 1,
    actor_table.end(),
    [](const ActorTraits& each) { return each.group == ActorGroup::lane; });
  return next == actor_table.end() ? ActorKind::producer : next->kind;
}

/// Whom the dispatcher deals batches to.
inline constexpr ActorKind first_in_lane = next_in_lane(ActorKind::consumer);

/// How large a node is, and which of its parts are on.
struct NodeShape {
  std::uint32_t lanes = 1;
  std::uint32_t detectors = 1; ///< 0: no detection
  bool insights = true;
  bool trainer = true; ///< fits the forest itself
  bool links = false; ///< to other nodes
  bool state_keeper = false; ///< history outlives the process
  /// Computes for other nodes and has no clients of Kafka.
  bool worker = false;
};

/// How many actors of the kind such a node has.
constexpr std::uint32_t count_of(ActorKind kind,
                                 const NodeShape& shape) noexcept {
  switch (traits_of(kind).numbering) {
    case Numbering::lanes:
      return shape.lanes;
    case Numbering::detectors:
      return shape.detectors;
    case Numbering::single:
      break;
  }
  if (kind == ActorKind::judgement_router)
    return shape.detectors == 0 ? 0 : 1;
  if (kind == ActorKind::state_keeper)
    return shape.detectors != 0 && shape.state_keeper ? 1 : 0;
  if (kind == ActorKind::insights)
    return shape.insights ? 1 : 0;
  if (kind == ActorKind::trainer)
    return shape.trainer ? 1 : 0;
  if (kind == ActorKind::links)
    return shape.links ? 1 : 0;
  if (kind == ActorKind::remote_lanes)
    return shape.links && !shape.worker ? 1 : 0;
  if (kind == ActorKind::lane_host)
    return shape.worker ? 1 : 0;
  return shape.worker ? 0 : 1; // of those that read and write
}

struct GroupTraits {
  ActorGroup group = ActorGroup::delivery;
  std::string_view name; ///< in the supervision tree
  bool per_lane = false; ///< one for each lane
  /// Members start from the last of `actor_table` to the first, so that
  /// whoever is spoken to is there before the one who speaks.
  bool last_first = false;
};

/// By `ActorGroup`.
inline constexpr std::array<GroupTraits, 6> group_table{{
  {ActorGroup::delivery, "delivery", false, false},
  {ActorGroup::detection, "detection", false, true},
  {ActorGroup::lane, "lane", true, true},
  {ActorGroup::links, "links", false, false},
  {ActorGroup::background, "background", false, false},
  {ActorGroup::intake, "intake", false, false},
}};

static_assert(
  [] {
    for (std::size_t index = 0; index != group_table.size(); ++index)
      if (static_cast<std::size_t>(group_table[index].group) != index)
        return false;
    return true;
  }(),
  "group_table is indexed by ActorGroup");

/// The kind of that name, if there is one.
constexpr std::optional<ActorKind>
actor_kind_of(std::string_view name) noexcept {
  for (const auto& traits : actor_table)
    if (traits.name == name)
      return traits.kind;
  return std::nullopt;
}

constexpr bool is_numbered(ActorKind kind) noexcept {
  return traits_of(kind).numbering != Numbering::single;
}

/// "validator 3": one actor of a kind that is numbered.
inline std::string numbered(std::string_view name, std::uint32_t number) {
  return std::string{name} + ' ' + std::to_string(number);
}

/// How an actor is called in the tree; of a kind of one the number is 0.
inline std::string actor_name(ActorKind kind, std::uint32_t number) {
  return is_numbered(kind) ? numbered(name_of(kind), number)
                           : std::string{name_of(kind)};
}

/// "validator" for "validator 3".
constexpr std::string_view kind_name(std::string_view actor) noexcept {
  return actor.substr(0, actor.find(' '));
}

} // namespace millrace::logic
