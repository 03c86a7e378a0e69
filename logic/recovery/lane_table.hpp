#pragma once

#include "logic/core/ids.hpp"
#include "logic/intake/credit_window.hpp"

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <vector>

namespace millrace::logic {

/// One start of a lane, and the credit that it grants: bytes of footprint that
/// may be in it. 0: it is to get nothing for now.
struct LaneLife {
  std::uint32_t lane = 0;
  Incarnation incarnation;
  std::uint64_t window_bytes = 0;
  /// Of a single batch: what is larger does not get to the lane.
  std::uint64_t most_bytes = unlimited;
  /// Gets only what no other lane that is open could take.
  bool reserve = false;
  /// In a process of its own, which may end without this one.
  bool elsewhere = false;

  static constexpr auto unlimited = std::numeric_limits<std::uint64_t>::max();
};

/// Which lanes come into question.
enum class LaneChoice : std::uint8_t { any, of_this_process };

/// What a lane granted and how much of it is used, for people.
struct LaneCredit {
  std::uint32_t lane = 0;
  std::uint64_t granted_bytes = 0;
  std::uint64_t used_bytes = 0;
};

/// The lanes, here or elsewhere, and their credit. All together they get no
/// more than `budget_bytes`: what they grant beyond that is cut in proportion.
class LaneTable {
public:
  explicit LaneTable(std::uint64_t budget_bytes)
    : budget_bytes_(budget_bytes) {}

  enum class News : std::uint8_t {
    over, ///< of a life that ended, or was followed by another: ignored
    known, ///< only the window was changed
    begun, ///< of a new life
  };
  News attach(const LaneLife& life);

  /// False, and nothing done, for a life that is over already.
  bool detach(std::uint32_t number, Incarnation incarnation);

  /// The lane that has the least to do, measured by what it grants, among
  /// those that have credit for so many bytes.
  std::optional<std::uint32_t>
  with_credit_for(std::uint64_t bytes,
                  LaneChoice choice = LaneChoice::any) const;
  /// The same among those that would have it, beyond their credit if need be.
  std::optional<std::uint32_t>
  least_used(std::uint64_t bytes, LaneChoice choice = LaneChoice::any) const;

  bool is_elsewhere(std::uint32_t lane) const {
    const auto found = lanes_.find(lane);
    return found != lanes_.end() && found->second.elsewhere;
  }

  void take(std::uint32_t lane, std::uint64_t bytes) {
    lanes_.at(lane).window.take(bytes);
  }
  void give_back(std::uint32_t lane, std::uint64_t bytes) {
    lanes_.at(lane).window.give_back(bytes);
  }

  Incarnation incarnation(std::uint32_t lane) const {
    return lanes_.at(lane).incarnation;
  }

  /// Of those that are attached.
  std::vector<LaneCredit> credits() const;
  /// Of all together.
  CreditUse use() const noexcept;

private:
  struct Lane {
    Incarnation incarnation; ///< the latest that was heard of
    bool attached = false;
    bool reserve = false;
    bool elsewhere = false;
    std::uint64_t most_bytes = LaneLife::unlimited;
    std::uint64_t asked_bytes = 0; ///< the window as the lane granted it
    CreditWindow window;

    bool would_have(std::uint64_t bytes, LaneChoice choice) const noexcept {
      return !window.shut() && bytes <= most_bytes
             && (choice == LaneChoice::any || !elsewhere);
    }
  };

  template <class Admits>
  std::optional<std::uint32_t>
  least_used_of(std::uint64_t bytes, LaneChoice choice, Admits&& admits) const;
  void share_out();

  std::uint64_t budget_bytes_;
  std::map<std::uint32_t, Lane> lanes_; ///< ordered: the lower number first
};

} // namespace millrace::logic
