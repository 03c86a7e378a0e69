#pragma once

#include "logic/detection/login_rows.hpp"

#include <cstdint>
#include <map>
#include <optional>
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
/// this node among them, who has the highest generation. A former owner goes on
/// claiming its shards until it hears of the next one. Not thread-safe.
class ShardOwners {
public:
  /// The shards that one of them owns; never none.
  struct Share {
    PeerIncarnation peer = 0;
    ShardSet shards;
  };

  explicit ShardOwners(std::uint32_t shard_count) : owners_(shard_count) {
    decide();
  }

  /// All that this node owns. Numbers of shards that there are not are left
  /// out, here and below.
  void set_own(std::span<const OwnedShard> shards);
  /// All that a peer says it owns.
  void set_peer(PeerIncarnation peer, std::span<const OwnedShard> shards);
  void forget_peer(PeerIncarnation peer);

  /// What somebody (no peer: this node) answered who was asked about shards:
  /// those in `absent` it has not, whatever it claimed last; those in
  /// `handed_over` it had, and the next owner has not seen what was asked.
  void heard(std::optional<PeerIncarnation> from, const ShardSet& asked,
             const ShardSet& absent, const ShardSet& handed_over);

  const ShardSet& own() const noexcept { return own_; }
  const std::vector<Share>& elsewhere() const noexcept { return elsewhere_; }
  const ShardSet& nobodys() const noexcept { return nobodys_; }
  /// Their owners judge still, and are about to be followed by others.
  const ShardSet& handed_over() const noexcept { return handed_over_; }
  /// Shards that this node claims and a peer owns by now.
  ShardSet outdone() const;

private:
  struct Owner {
    bool known = false;
    std::uint64_t generation = 0;
    std::optional<PeerIncarnation> peer; ///< none: this node

    friend bool operator==(const Owner&, const Owner&) = default;
  };

  void decide();

  std::vector<Owner> owners_; ///< by shard
  std::vector<OwnedShard> own_claims_;
  std::map<PeerIncarnation, std::vector<OwnedShard>> claims_;
  ShardSet own_;
  std::vector<Share> elsewhere_;
  ShardSet nobodys_;
  ShardSet handed_over_;
};

} // namespace millrace::logic::detection
