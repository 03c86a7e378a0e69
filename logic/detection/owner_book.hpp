#pragma once

#include "logic/detection/judgement_questions.hpp"
#include "logic/detection/shard_owners.hpp"

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <vector>

namespace millrace::logic::detection {

/// Whom to ask about which shards, how much at once, and how long anybody is
/// waited for. An owner that was late is not waited for until it answers, and
/// shards whose owner was missed are not until they have one. Decides only;
/// asking is the business of its user. Not thread-safe.
class OwnerBook {
public:
  using Time = JudgementQuestions::Time;

  struct Options {
    std::uint32_t shard_count = 1;
    std::chrono::milliseconds wait{200}; ///< for an owner
    /// After its start a node waits that long for all shards to have owners.
    std::chrono::milliseconds settling_time{10'000};
    /// Of questions to all peers that are under way.
    std::size_t asked_bytes = 2U << 20U;
    /// Of rows that are kept for owners to come.
    std::size_t owed_bytes = 4U << 20U;
  };

  struct PeerAccount {
    std::size_t asked_bytes = 0; ///< under way
    std::size_t granted_bytes = 0; ///< as the peer said
    bool late = false; ///< did not answer in time, and not since
  };

  explicit OwnerBook(const Options& options)
    : options_(options), owners_(options.shard_count),
      owed_(options.owed_bytes) {}

  /// The user begins (again): nothing is under way.
  void begin(Time now);

  // -- Who owns what ----------------------------------------------------------

  const ShardOwners& owners() const noexcept { return owners_; }
  void set_own(std::span<const OwnedShard> shards);
  void set_peer(PeerIncarnation peer, std::span<const OwnedShard> shards);

  /// A judge answered. Keeps the rows that next owners must be told of; those
  /// of shards that it has not are among them unless they wait still, for
  /// somebody else to be asked. True where some can be paid at once.
  bool answered(const Judge& judge, const LoginRowsPtr& rows,
                const ShardSet& asked, const ShardJudgements& answer,
                bool waits);
  /// A judge will not answer, as if it had none of those shards.
  void failed(const Judge& judge, const LoginRowsPtr& rows,
              const ShardSet& asked, bool waits);

  // -- Peers ------------------------------------------------------------------

  void link_up(PeerIncarnation peer) { peers_.try_emplace(peer); }
  void link_down(PeerIncarnation peer);
  /// The peer takes so many bytes of questions at once.
  void grant(PeerIncarnation peer, std::size_t bytes);
  /// Notes a question that is put to a peer; false where it is gone, or has too
  /// much to answer already. One question at a time always passes.
  bool lend(PeerIncarnation peer, std::size_t bytes);
  /// That question has ended.
  void give_back(PeerIncarnation peer, std::size_t bytes);
  /// Whether half of what may be with the peer at once is free. What was kept
  /// for want of credit is looked through then only: it may be thousands of
  /// small debts, and each answer frees room for one.
  bool has_room(PeerIncarnation peer) const;
  /// The peer did not answer in time; true for the first time.
  bool note_late(PeerIncarnation peer);
  bool is_waited_for(PeerIncarnation peer) const;
  const std::map<PeerIncarnation, PeerAccount>& peers() const noexcept {
    return peers_;
  }

  // -- Shards without an owner ------------------------------------------------

  /// Whether any of them is worth to wait for.
  bool is_waited_for(const ShardSet& shards) const {
    return (shards & ~missed_).any();
  }
  /// Until when, at the least.
  std::optional<Time> settles_at(Time now) const;
  void note_missed(const ShardSet& shards) { missed_ |= shards; }

  // -- What owners are owed ---------------------------------------------------

  void owe(LoginRowsPtr rows, const ShardSet& shards) {
    owed_.add(std::move(rows), shards);
  }
  /// Takes out what can be paid now, oldest first.
  std::vector<OwedRows::Debt> payable() {
    return owed_.take(owners_.nobodys() | owners_.handed_over());
  }
  std::size_t owed_bytes() const noexcept { return owed_.bytes(); }

private:
  void note_owners();
  std::size_t window_of(const PeerAccount& account) const;

  Options options_;
  ShardOwners owners_;
  std::map<PeerIncarnation, PeerAccount> peers_;
  OwedRows owed_;
  ShardSet missed_; ///< whose owner was waited for in vain
  std::optional<Time> settle_by_;
};

} // namespace millrace::logic::detection
