#pragma once

#include "logic/detection/login_rows.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace millrace::logic::detection {

/// A shard that a node says it owns, and since which generation of its log.
struct OwnedShard {
  std::uint32_t shard = 0;
  std::uint64_t generation = 0;

  friend bool operator==(const OwnedShard&, const OwnedShard&) = default;
};

/// Names a start of another node's links.
using PeerIncarnation = std::uint64_t;

/// Who owns which shard, as far as this node has heard: of all that claim one,
/// this node among them, who has the highest generation. Not thread-safe.
class ShardOwners {
public:
  /// The shards that one of them owns; never none.
  struct Share {
    PeerIncarnation peer = 0;
    ShardSet shards;
  };

  explicit ShardOwners(std::uint32_t shard_count) : shard_count_(shard_count) {
    decide();
  }

  /// All that this node owns. Numbers of shards that there are not are left
  /// out, here and below.
  void set_own(std::span<const OwnedShard> shards);
  /// All that a peer says it owns.
  void set_peer(PeerIncarnation peer, std::span<const OwnedShard> shards);
  void forget_peer(PeerIncarnation peer);

  const ShardSet& own() const noexcept { return own_; }
  const std::vector<Share>& elsewhere() const noexcept { return elsewhere_; }
  const ShardSet& nobodys() const noexcept { return nobodys_; }

private:
  void decide();

  std::uint32_t shard_count_;
  std::vector<OwnedShard> own_claims_;
  std::map<PeerIncarnation, std::vector<OwnedShard>> claims_;
  ShardSet own_;
  std::vector<Share> elsewhere_;
  ShardSet nobodys_;
};

} // namespace millrace::logic::detection
