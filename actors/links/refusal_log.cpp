#include "actors/links/refusal_log.hpp"

#include "logic/core/actor_table.hpp"

#include <algorithm>
#include <utility>

namespace millrace::actors {

namespace {

using logic::links::RefusalReason;

constexpr auto component = name_of(logic::ActorKind::links);
constexpr std::size_t most_remembered = 16;

/// Without the port: of one who dials again and again it changes.
std::string host_of(const std::string& address) {
  return address.substr(0, address.rfind(':'));
}

} // namespace

void RefusalLog::note(const std::string& address,
                      const logic::links::Refusal& refusal, Time now) {
  const auto index = static_cast<std::size_t>(refusal.reason);
  if (index < logic::links::refusal_count)
    metrics_->link_refusals[refusal.reason].Increment();
  if (refusal.reason == RefusalReason::duplicate)
    return; // the two are linked, as they should be
  const auto name = logic::links::to_string(refusal.reason);
  remember(address, std::string{name}, refusal.text);
  const auto suppressed = limiter_.admit(
    component, host_of(address) + ' ' + std::string{name}, now);
  if (!suppressed)
    return;
  log_->warn(component, "link refused",
             {{"address", address},
              {"reason", name},
              {"detail", refusal.text},
              {"suppressed", *suppressed}});
}

void RefusalLog::note_unreachable(const std::string& address,
                                  const std::string& error, Time now) {
  constexpr std::string_view reason = "unreachable";
  remember(address, std::string{reason}, error);
  if (limiter_.admit(component, address + " unreachable", now))
    log_->warn(component, "a peer cannot be reached, trying again",
               {{"address", address}, {"error", error}});
}

void RefusalLog::forget(const std::string& address) {
  std::erase_if(latest_,
                [&](const auto& each) { return each.address == address; });
}

void RefusalLog::remember(const std::string& address, std::string reason,
                          const std::string& text) {
  forget(address);
  if (latest_.size() == most_remembered)
    latest_.erase(latest_.begin());
  latest_.push_back({address, std::move(reason), text, clock_->now_ms()});
}

} // namespace millrace::actors
