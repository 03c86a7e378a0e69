#include "logic/detection/owner_book.hpp"

#include <algorithm>
#include <utility>

namespace millrace::logic::detection {

namespace {

ShardSet set_of(const std::vector<std::uint32_t>& shards) {
  ShardSet set;
  for (const auto shard : shards)
    set.set(shard);
  return set;
}

std::optional<PeerIncarnation> peer_of(const Judge& judge) {
  if (judge.kind == Judge::Kind::peer)
    return judge.id;
  return std::nullopt;
}

} // namespace

void OwnerBook::begin(Time now) {
  if (!settle_by_)
    settle_by_ = now + options_.settling_time;
  for (auto& [incarnation, peer] : peers_)
    peer.asked_bytes = 0;
}

void OwnerBook::set_own(std::span<const OwnedShard> shards) {
  owners_.set_own(shards);
  note_owners();
}

void OwnerBook::set_peer(PeerIncarnation peer,
                         std::span<const OwnedShard> shards) {
  owners_.set_peer(peer, shards);
  note_owners();
}

void OwnerBook::note_owners() {
  missed_ &= owners_.nobodys();
  if (owners_.nobodys().none())
    settle_by_ = Time{};
}

bool OwnerBook::answered(const Judge& judge, const LoginRowsPtr& rows,
                         const ShardSet& asked, const ShardJudgements& answer,
                         bool waits) {
  if (const auto peer = peers_.find(judge.id);
      judge.kind == Judge::Kind::peer && peer != peers_.end())
    peer->second.late = false;
  const auto absent = set_of(answer.absent);
  const auto handed_over = set_of(answer.handed_over);
  owners_.heard(peer_of(judge), asked, absent, handed_over);
  note_owners();
  const auto owed = waits ? handed_over : handed_over | absent;
  if (owed.none())
    return false;
  owe(rows, owed);
  return (owed & ~owners_.nobodys() & ~owners_.handed_over()).any();
}

void OwnerBook::failed(const Judge& judge, const LoginRowsPtr& rows,
                       const ShardSet& asked, bool waits) {
  owners_.heard(peer_of(judge), asked, asked, {});
  if (!waits)
    owe(rows, asked);
}

void OwnerBook::link_down(PeerIncarnation peer) {
  peers_.erase(peer);
  owners_.forget_peer(peer);
}

void OwnerBook::grant(PeerIncarnation peer, std::size_t bytes) {
  if (const auto found = peers_.find(peer); found != peers_.end())
    found->second.granted_bytes = bytes;
}

std::size_t OwnerBook::window_of(const PeerAccount& account) const {
  return std::min(account.granted_bytes, options_.asked_bytes / peers_.size());
}

bool OwnerBook::lend(PeerIncarnation peer, std::size_t bytes) {
  const auto found = peers_.find(peer);
  if (found == peers_.end())
    return false;
  auto& account = found->second;
  if (account.asked_bytes != 0
      && account.asked_bytes + bytes > window_of(account))
    return false;
  account.asked_bytes += bytes;
  return true;
}

void OwnerBook::give_back(PeerIncarnation peer, std::size_t bytes) {
  if (const auto found = peers_.find(peer); found != peers_.end())
    found->second.asked_bytes -= std::min(bytes, found->second.asked_bytes);
}

bool OwnerBook::has_room(PeerIncarnation peer) const {
  const auto found = peers_.find(peer);
  return found != peers_.end()
         && found->second.asked_bytes <= window_of(found->second) / 2;
}

bool OwnerBook::note_late(PeerIncarnation peer) {
  const auto found = peers_.find(peer);
  return found != peers_.end() && !std::exchange(found->second.late, true);
}

bool OwnerBook::is_waited_for(PeerIncarnation peer) const {
  const auto found = peers_.find(peer);
  return found != peers_.end() && !found->second.late;
}

std::optional<OwnerBook::Time> OwnerBook::settles_at(Time now) const {
  if (settle_by_ && now < *settle_by_)
    return settle_by_;
  return std::nullopt;
}

} // namespace millrace::logic::detection
