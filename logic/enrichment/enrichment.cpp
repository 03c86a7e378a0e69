#include "logic/enrichment/enrichment.hpp"

#include "logic/detection/user_hash.hpp"

#include <algorithm>
#include <utility>

namespace millrace::logic {

Enrichment::Enrichment(std::vector<std::string> watched_versions,
                       std::unique_ptr<GeoLookup> lookup,
                       detection::QuietNetworksSource quiet_networks)
  : watched_versions_(std::move(watched_versions)), lookup_(std::move(lookup)),
    quiet_networks_(std::move(quiet_networks)) {}

EnrichedBatchPtr Enrichment::enrich(ValidatedBatchPtr batch) {
  const auto& events = batch->events;
  auto result = std::make_shared<EnrichedBatch>();
  result->origins.resize(events.size());
  addresses_.clear();
  for (std::size_t index = 0; index != events.size(); ++index) {
    const auto& event = events[index];
    auto& origin = result->origins[index];
    origin.user_hash = hash_user(event.user_id);
    if (event.status != LoginStatus::unknown)
      origin.address_hash = hash_address(geo::behind_nat64(event.ip));
    origin.address_class = geo::classify(event.ip);
    origin.watched = watched(event.app_version);
    result->watched += origin.watched ? 1 : 0;
    // Private and reserved addresses are nowhere, whatever a database says.
    if (origin.address_class == geo::AddressClass::public_)
      addresses_.push_back(geo::behind_nat64(event.ip));
  }
  locate(*result);
  mark_quiet(*result, *batch);
  result->validated = std::move(batch);
  return result;
}

void Enrichment::locate(EnrichedBatch& batch) {
  if (!lookup_ || addresses_.empty())
    return;
  places_.assign(addresses_.size(), nullptr);
  batch.places = lookup_->locate(addresses_, places_);
  auto place = places_.begin();
  for (auto& origin : batch.origins)
    if (origin.address_class == geo::AddressClass::public_)
      origin.place = *place++;
  const auto missed = static_cast<std::uint64_t>(
    std::ranges::count(places_, static_cast<const geo::Place*>(nullptr)));
  misses_ += missed;
  hits_ += places_.size() - missed;
}

void Enrichment::mark_quiet(EnrichedBatch& batch,
                            const ValidatedBatch& validated) const {
  if (!quiet_networks_)
    return;
  const auto networks = quiet_networks_();
  if (networks->size() == 0)
    return;
  for (std::size_t index = 0; index != batch.origins.size(); ++index) {
    auto& origin = batch.origins[index];
    origin.quiet = networks->contains(
      geo::behind_nat64(validated.events[index].ip),
      origin.place ? origin.place->asn : 0);
  }
}

bool Enrichment::watched(std::string_view version) const {
  return std::ranges::find(watched_versions_, version)
         != watched_versions_.end();
}

} // namespace millrace::logic
