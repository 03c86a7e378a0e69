#pragma once

#include "logic/detection/user_hash.hpp"
#include "logic/records/enriched_batch.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace millrace::tests {

/// One login as a test tells it.
struct LoginText {
  std::string user = "u";
  std::int64_t at_s = 1'700'000'000;
  const logic::geo::Place* place = nullptr;
  std::string device = {};
  std::string locale = "US";
  std::string version = "2.3.0";
  logic::LoginStatus status = logic::LoginStatus::unknown;
  std::string address = "192.0.2.1";
  bool quiet = false;
  /// Of the record; -1 where it has no timestamp.
  std::int64_t written_at_s = -1;
};

/// An enriched batch of these logins at offsets from `first_offset` on, as
/// validator and enricher would hand it over.
inline logic::EnrichedBatchPtr
login_batch(std::vector<LoginText> logins, std::int64_t first_offset = 0,
            std::int32_t partition = 0, std::string topic = "logins") {
  // Keeps the texts where the events' views find them.
  struct Bundle {
    std::vector<LoginText> texts;
    logic::EnrichedBatch batch;
  };
  auto bundle = std::make_shared<Bundle>();
  bundle->texts = std::move(logins);
  logic::RecordBatch::Builder builder{
    std::move(topic), logic::PartitionId{partition}, logic::AssignmentEpoch{1}};
  auto validated = std::make_shared<logic::ValidatedBatch>();
  for (const auto& text : bundle->texts) {
    const auto record = static_cast<std::uint32_t>(builder.size());
    logic::RecordView view;
    view.offset = logic::Offset{first_offset + record};
    view.value = "{}";
    if (text.written_at_s >= 0)
      view.timestamp_ms = text.written_at_s * 1000;
    builder.append(view);
    logic::LoginEvent event;
    event.record = record;
    event.user_id = text.user;
    event.app_version = text.version;
    event.device_type = "android";
    event.locale = text.locale;
    event.device_id = text.device;
    event.event_time_ms = text.at_s * 1000;
    event.status = text.status;
    validated->events.push_back(event);
    logic::Origin origin;
    origin.place = text.place;
    origin.user_hash = logic::hash_user(text.user);
    if (text.status != logic::LoginStatus::unknown)
      if (const auto address = logic::geo::parse_ip(text.address))
        origin.address_hash = logic::hash_address(*address);
    origin.quiet = text.quiet;
    origin.address_class = logic::geo::AddressClass::public_;
    bundle->batch.origins.push_back(origin);
  }
  validated->raw = builder.finish();
  bundle->batch.validated = std::move(validated);
  return {bundle, &bundle->batch};
}

} // namespace millrace::tests
