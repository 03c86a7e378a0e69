#pragma once

#include "logic/detection/login_rows.hpp"
#include "logic/detection/shard_owners.hpp"
#include "logic/records/judgement.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

namespace millrace::logic::detection {

/// Who is asked about some shards.
struct Judge {
  enum class Kind : std::uint8_t {
    detector, ///< of this node, by number
    peer, ///< another node, by its incarnation
    nobody, ///< the shards have no owner at the moment
  };
  Kind kind = Kind::nobody;
  std::uint64_t id = 0;

  friend bool operator==(const Judge&, const Judge&) = default;
};

/// The questions about logins that are open, each in parts by who is asked.
/// Keeps count only; asking and answering is the business of its user. Not
/// thread-safe.
class JudgementQuestions {
public:
  using Number = std::uint64_t; ///< rises with each question
  using Time = std::chrono::steady_clock::time_point;

  struct Part {
    Judge judge;
    ShardSet shards;
    ShardJudgementsPtr answer; ///< null while it is due
    bool lacks_credit = false; ///< it was not put to the peer yet
  };

  struct Question {
    LoginRowsPtr rows;
    Time deadline; ///< for peers, and for an owner to be found
    std::vector<Part> parts;
    std::size_t due = 0; ///< parts without an answer
    int moves = 0; ///< how often somebody else had to be asked
  };

  /// A part that is due.
  struct Due {
    Number number = 0;
    std::size_t part = 0;
  };

  Number open(LoginRowsPtr rows, Time deadline);
  /// Returns the number of the part.
  std::size_t add(Number number, Judge judge, const ShardSet& shards);

  /// Null where it was closed.
  Question* find(Number number);
  /// The part, where it is due still; else null.
  Part* find(Due due);

  /// Notes the answer to a part; false where it is not due any more.
  bool answer(Due due, ShardJudgementsPtr judgements);

  /// Closes a question: its answers, in the order of its parts.
  std::vector<ShardJudgementsPtr> close(Number number);
  void clear() { open_.clear(); }

  /// All parts that are due and for which `is_meant(question, part)` holds, of
  /// the oldest question first.
  template <class IsMeant>
  std::vector<Due> due(const IsMeant& is_meant) const {
    std::vector<Due> found;
    for (const auto& [number, question] : open_)
      for (std::size_t part = 0; part != question.parts.size(); ++part)
        if (!question.parts[part].answer
            && is_meant(question, question.parts[part]))
          found.push_back({number, part});
    return found;
  }

private:
  std::map<Number, Question> open_;
  Number next_ = 0;
};

/// Rows that nobody has seen yet, since their shards had no owner for too long:
/// their events went on unjudged, but an owner that is found shall know of
/// them. Bounded; the oldest go first. Not thread-safe.
class OwedRows {
public:
  struct Debt {
    LoginRowsPtr rows;
    ShardSet shards;
  };

  explicit OwedRows(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  void add(LoginRowsPtr rows, const ShardSet& shards);
  /// Takes out what is owed to shards outside of `nobodys`, oldest first.
  std::vector<Debt> take(const ShardSet& nobodys);
  std::size_t bytes() const noexcept { return bytes_; }

private:
  std::size_t max_bytes_;
  std::size_t bytes_ = 0;
  std::deque<Debt> debts_;
};

} // namespace millrace::logic::detection
