#include "logic/detection/shard_owners.hpp"

#include <algorithm>
#include <utility>

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

void ShardOwners::heard(std::optional<PeerIncarnation> from,
                        const ShardSet& asked, const ShardSet& absent,
                        const ShardSet& handed_over) {
  for (std::uint32_t shard = 0; shard != owners_.size(); ++shard)
    if (asked.test(shard) && owners_[shard].known
        && owners_[shard].peer == from)
      handed_over_.set(shard, handed_over.test(shard));
  const auto claims = from ? claims_.find(*from) : claims_.end();
  if (absent.none() || (from && claims == claims_.end()))
    return;
  std::erase_if(
    from ? claims->second : own_claims_, [&](const OwnedShard& claim) {
      return claim.shard < absent.size() && absent.test(claim.shard);
    });
  decide();
}

ShardSet ShardOwners::outdone() const {
  ShardSet shards;
  for (const auto& claim : own_claims_)
    if (claim.shard < owners_.size() && owners_[claim.shard].peer)
      shards.set(claim.shard);
  return shards;
}

void ShardOwners::decide() {
  std::vector<Owner> owners(owners_.size());
  const auto hear = [&](const OwnedShard& claim,
                        std::optional<PeerIncarnation> peer) {
    if (claim.shard >= owners.size())
      return;
    auto& owner = owners[claim.shard];
    if (!owner.known || claim.generation > owner.generation)
      owner = {true, claim.generation, peer};
  };
  for (const auto& claim : own_claims_)
    hear(claim, std::nullopt);
  for (const auto& [peer, claims] : claims_)
    for (const auto& claim : claims)
      hear(claim, peer);
  own_.reset();
  nobodys_.reset();
  elsewhere_.clear();
  for (std::uint32_t shard = 0; shard != owners.size(); ++shard) {
    const auto& owner = owners[shard];
    // Whoever follows has handed nothing over yet.
    if (owner != owners_[shard])
      handed_over_.reset(shard);
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
  owners_ = std::move(owners);
}

} // namespace millrace::logic::detection
