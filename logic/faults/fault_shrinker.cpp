#include "logic/faults/fault_shrinker.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <optional>
#include <set>
#include <utility>

namespace millrace::logic::faults {

namespace {

/// Places in the whole list, rising.
using Places = std::vector<std::uint32_t>;

/// The places from `begin` to before `end`, or all others.
Places within(const Places& places, std::size_t begin, std::size_t end) {
  return {places.begin() + static_cast<std::ptrdiff_t>(begin),
          places.begin() + static_cast<std::ptrdiff_t>(end)};
}

Places without(const Places& places, std::size_t begin, std::size_t end) {
  auto rest = within(places, 0, begin);
  rest.insert(rest.end(), places.begin() + static_cast<std::ptrdiff_t>(end),
              places.end());
  return rest;
}

class Shrinker {
public:
  Shrinker(std::span<const TimedFault> faults, const FailsAgain& fails,
           std::uint32_t max_runs)
    : faults_(faults), fails_(fails), max_runs_(max_runs) {}

  ShrinkResult shrink() {
    smallest_.resize(faults_.size());
    std::iota(smallest_.begin(), smallest_.end(), 0U);
    const auto again = try_out(smallest_);
    if (!again)
      return result(ShrinkEnd::run_limit);
    if (!*again)
      return result(ShrinkEnd::not_again);
    if (smallest_.empty() || shrink_to({}))
      return result(ShrinkEnd::minimal);
    minimize();
    return result(exhausted_ ? ShrinkEnd::run_limit : ShrinkEnd::minimal);
  }

private:
  /// ddmin: cuts the list into ever smaller parts until no single fault can
  /// go.
  void minimize() {
    std::size_t parts = 2;
    while (smallest_.size() > 1 && !exhausted_) {
      if (shrink_to_part(parts))
        parts = 2;
      else if (shrink_to_complement(parts))
        parts = std::max<std::size_t>(parts - 1, 2);
      else if (parts < smallest_.size())
        parts = std::min(parts * 2, smallest_.size());
      else
        return;
    }
  }

  bool shrink_to_part(std::size_t parts) {
    for (std::size_t part = 0; part != parts; ++part)
      if (shrink_to(
            within(smallest_, edge(part, parts), edge(part + 1, parts))))
        return true;
    return false;
  }

  bool shrink_to_complement(std::size_t parts) {
    for (std::size_t part = 0; part != parts; ++part)
      if (shrink_to(
            without(smallest_, edge(part, parts), edge(part + 1, parts))))
        return true;
    return false;
  }

  std::size_t edge(std::size_t part, std::size_t parts) const noexcept {
    return smallest_.size() * part / parts;
  }

  bool shrink_to(Places places) {
    if (!try_out(places).value_or(false))
      return false;
    smallest_ = std::move(places);
    return true;
  }

  /// Whether the list fails; nothing when the runs are used up.
  std::optional<bool> try_out(const Places& places) {
    if (passed_.contains(places))
      return false;
    if (exhausted_ || runs_ == max_runs_) {
      exhausted_ = true;
      return std::nullopt;
    }
    ++runs_;
    std::vector<TimedFault> list;
    list.reserve(places.size());
    for (const auto place : places)
      list.push_back(faults_[place]);
    const bool failed = fails_(list);
    if (!failed)
      passed_.insert(places);
    return failed;
  }

  ShrinkResult result(ShrinkEnd end) const {
    ShrinkResult result;
    result.end = end;
    result.runs = runs_;
    for (const auto place : smallest_)
      result.faults.push_back(faults_[place]);
    return result;
  }

  std::span<const TimedFault> faults_;
  const FailsAgain& fails_;
  std::uint32_t max_runs_;
  std::uint32_t runs_ = 0;
  bool exhausted_ = false;
  Places smallest_; ///< seen to fail, but for the very first run
  std::set<Places> passed_; ///< a run takes minutes, so none is repeated
};

} // namespace

std::string_view to_string(ShrinkEnd end) noexcept {
  switch (end) {
    case ShrinkEnd::minimal:
      return "minimal";
    case ShrinkEnd::run_limit:
      return "run_limit";
    case ShrinkEnd::not_again:
      return "not_again";
  }
  return "unknown";
}

ShrinkResult shrink(std::span<const TimedFault> faults, const FailsAgain& fails,
                    std::uint32_t max_runs) {
  return Shrinker{faults, fails, max_runs}.shrink();
}

} // namespace millrace::logic::faults
