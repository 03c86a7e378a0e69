#pragma once

#include "logic/links/node_identity.hpp"
#include "messages/wire/type_ids.hpp"

#include <caf/type_id.hpp>

namespace millrace::messages::wire {

/// Whether a node of that role understands a message that travels. Work goes to
/// workers and results come from them; nobody else is asked to do the one or
/// believed the other.
constexpr bool is_taken_by(logic::links::NodeRole role,
                           caf::type_id_t type) noexcept {
  const bool worker = role == logic::links::NodeRole::worker;
  if (type >= caf::type_id_v<LaneOpen> && type <= caf::type_id_v<LaneDrop>)
    return worker;
  if (type >= caf::type_id_v<LaneWindow> && type <= caf::type_id_v<LaneInsight>)
    return !worker;
  // A worker owns no shards and asks nobody by this.
  if (type
        == caf::type_id_v<JudgeRequest> || type == caf::type_id_v<JudgeAnswer>)
    return !worker;
  return true;
}

} // namespace millrace::messages::wire
