#include "node/chaos/poison_ledger.hpp"

#include <algorithm>
#include <utility>

namespace millrace::node::chaos {

void PoisonLedger::plant(std::string value) {
  planted_.emplace(std::move(value), false);
}

void PoisonLedger::find(std::string_view value) {
  if (const auto found = planted_.find(value); found != planted_.end())
    found->second = true;
  else
    ++innocent_;
}

PoisonTally PoisonLedger::tally() const {
  const auto found = std::count_if(planted_.begin(), planted_.end(),
                                   [](const auto& it) { return it.second; });
  return {planted_.size(), static_cast<std::size_t>(found), innocent_};
}

bool can_be_planted(std::string_view match) noexcept {
  return std::all_of(match.begin(), match.end(), [](char byte) {
    return byte >= ' ' && byte <= '~' && byte != '"' && byte != '\\';
  });
}

std::string poisoned(std::string_view event, std::string_view match) {
  std::string value{event.substr(0, event.rfind('}'))};
  value.append(R"(,"note":")").append(match).append(R"("})");
  return value;
}

} // namespace millrace::node::chaos
