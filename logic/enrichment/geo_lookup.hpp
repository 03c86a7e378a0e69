#pragma once

#include "logic/geo/ip_address.hpp"
#include "logic/geo/place.hpp"

#include <memory>
#include <span>

namespace millrace::logic {

/// Looks up addresses. One object per caller; not thread-safe, and the
/// database behind it may be replaced between calls.
class GeoLookup {
public:
  virtual ~GeoLookup() = default;

  /// Fills `places[i]` for `addresses[i]` (null where unknown) and returns
  /// what keeps these places alive. Equal spans.
  virtual std::shared_ptr<const void>
  locate(std::span<const geo::IpAddress> addresses,
         std::span<const geo::Place*> places)
    = 0;
};

} // namespace millrace::logic
