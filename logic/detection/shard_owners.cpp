#include "logic/detection/shard_owners.hpp"

#include <algorithm>
#include <optional>

namespace millrace::logic::detection {

void ShardOwners::set_own(std::span<const OwnedShard> shards) {
  own_claims_.assign(shards.begin(), shards.end());
  decide();
}

void ShardOwners::set_peer(PeerIncarnation peer,
                           std::span<const OwnedShard> shards) {
  claims_[peer].assign(shards.begin(), shards.end());
  decide();
}

void ShardOwners::forget_peer(PeerIncarnation peer) {
  claims_.erase(peer);
  decide();
}

void ShardOwners::decide() {
  struct Owner {
    std::uint64_t generation = 0;
    std::optional<PeerIncarnation> peer; ///< none: this node
    bool known = false;
  };
  std::vector<Owner> owners(shard_count_);
  const auto hear = [&](const OwnedShard& claim,
                        std::optional<PeerIncarnation> peer) {
    if (claim.shard >= shard_count_)
      return;
    auto& owner = owners[claim.shard];
    if (!owner.known || claim.generation > owner.generation)
      owner = {claim.generation, peer, true};
  };
  for (const auto& claim : own_claims_)
    hear(claim, std::nullopt);
  for (const auto& [peer, claims] : claims_)
    for (const auto& claim : claims)
      hear(claim, peer);
  own_.reset();
  nobodys_.reset();
  elsewhere_.clear();
  for (std::uint32_t shard = 0; shard != shard_count_; ++shard) {
    const auto& owner = owners[shard];
    if (!owner.known) {
      nobodys_.set(shard);
    } else if (!owner.peer) {
      own_.set(shard);
    } else {
      auto share = std::ranges::find(elsewhere_, *owner.peer, &Share::peer);
      if (share == elsewhere_.end())
        share = elsewhere_.insert(share, Share{*owner.peer, {}});
      share->shards.set(shard);
    }
  }
}

} // namespace millrace::logic::detection
