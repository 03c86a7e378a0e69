#pragma once

#include "actors/telemetry/metrics.hpp"
#include "logic/intake/credit_window.hpp"

#include <string_view>

namespace millrace::actors {

/// Shows the credit of a stage.
class CreditGauges {
public:
  CreditGauges(Metrics& metrics, std::string_view stage)
    : granted_(metrics.credit_bytes(stage, CreditState::granted)),
      used_(metrics.credit_bytes(stage, CreditState::used)),
      waiting_(metrics.credit_bytes(stage, CreditState::waiting)) {}

  void show(const logic::CreditUse& use) {
    granted_.Set(static_cast<double>(use.granted_bytes));
    used_.Set(static_cast<double>(use.used_bytes));
    waiting_.Set(static_cast<double>(use.waiting_bytes));
  }

private:
  prometheus::Gauge& granted_;
  prometheus::Gauge& used_;
  prometheus::Gauge& waiting_;
};

} // namespace millrace::actors
