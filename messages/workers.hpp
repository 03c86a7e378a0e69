#pragma once

#include <cstdint>
#include <string>
#include <vector>

/// What is said within a node about work that is done elsewhere, or for others.
namespace millrace::messages {

/// Topology to the remote lanes: dispatcher or producer were started anew; say
/// again which lanes there are.
struct RepeatLanes {};

/// A worker as the node sees it that has work done there.
struct RemoteLaneStatus {
  std::string worker;
  std::uint32_t lane = 0;
  std::uint64_t granted_bytes = 0; ///< footprint that may be with it
  std::uint64_t used_bytes = 0;
  std::uint64_t batches_there = 0;
  std::uint64_t batches_done = 0; ///< since it was linked
  std::uint64_t records_done = 0;
};

/// The remote lanes' answer to `ReportStatus`.
struct RemoteLanesStatus {
  std::vector<RemoteLaneStatus> lanes; ///< by number
};

/// A node that has work done, as the worker sees it.
struct AskerStatus {
  std::string node; ///< empty where it is not known yet
  std::uint64_t granted_bytes = 0;
  std::uint64_t used_bytes = 0;
  std::uint64_t batches_done = 0; ///< since it was linked
};

/// The host's answer to `ReportStatus`.
struct LaneHostStatus {
  std::vector<AskerStatus> askers;
  std::uint64_t batches_here = 0;
  std::uint64_t records_done = 0;
  bool draining = false;
};

} // namespace millrace::messages
