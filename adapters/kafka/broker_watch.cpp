#include "adapters/kafka/broker_watch.hpp"

#include <array>

namespace millrace::adapters::kafka {

namespace {

using OptionsPtr
  = Owned<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy>;

constexpr std::chrono::seconds repeat_after{30};
constexpr std::chrono::seconds probe_interval{1};
constexpr int probe_timeout_ms = 3'000;
constexpr std::size_t text_bytes = 512;
constexpr std::size_t max_said = 256;

/// As it was told at first, for errors.
std::string servers_of(rd_kafka_t* client) {
  std::array<char, text_bytes> text{};
  auto size = text.size();
  const auto got = rd_kafka_conf_get(rd_kafka_conf(client), "bootstrap.servers",
                                     text.data(), &size);
  return got == RD_KAFKA_CONF_OK ? text.data() : "kafka.bootstrap_servers";
}

} // namespace

BrokerWatch::BrokerWatch(rd_kafka_t* client, rd_kafka_queue_t* queue,
                         std::string role)
  : client_(client), queue_(queue), role_(std::move(role)) {}

bool BrokerWatch::on_event(rd_kafka_event_t* event,
                           std::vector<logic::ClientEvent>& events) {
  const auto error = rd_kafka_event_error(event);
  switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_DESCRIBECLUSTER_RESULT:
      probing_ = false;
      if (is_unreachable(error))
        cut_off(error, events);
      else
        on_contact(events);
      return true;
    case RD_KAFKA_EVENT_ERROR:
      on_error(error, role_, rd_kafka_event_error_string(event), events);
      return true;
    default:
      return false;
  }
}

void BrokerWatch::on_error(rd_kafka_resp_err_t error,
                           std::string_view attempted, std::string_view detail,
                           std::vector<logic::ClientEvent>& events) {
  // Not every error that kills the client comes as `_FATAL`.
  if (is_fatal(events) || error == RD_KAFKA_RESP_ERR__FATAL
      || error == RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE)
    return;
  if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
    cut_off(error, events);
    return;
  }
  // One connection, perhaps of several: librdkafka mends it. It says that it
  // was the last one only where it tried all others, so find out.
  if (error == RD_KAFKA_RESP_ERR__TRANSPORT
      || error == RD_KAFKA_RESP_ERR__RESOLVE
      || error == RD_KAFKA_RESP_ERR__TIMED_OUT) {
    remember(error, detail);
    doubt();
    return;
  }
  // Who is connected goes on with the token that there is.
  if (error == RD_KAFKA_RESP_ERR__AUTHENTICATION
      && contact_ == Contact::answering
      && detail.find("OAUTHBEARER token") != std::string_view::npos) {
    events.push_back({logic::ClientEvent::Kind::warning,
                      {},
                      to_error(error, attempted, detail)});
    remember(error, detail);
    return;
  }
  report(to_error(error, attempted, detail), events);
  if (error == RD_KAFKA_RESP_ERR__AUTHENTICATION
      || error == RD_KAFKA_RESP_ERR__SSL) {
    // So is this, where nobody lets us in.
    remember(error, detail);
    doubt();
  } else if (is_unauthorized(error)) {
    standing_ = true;
  }
}

bool BrokerWatch::is_fatal(std::vector<logic::ClientEvent>& events) {
  std::array<char, text_bytes> text{};
  const auto cause = rd_kafka_fatal_error(client_, text.data(), text.size());
  // Of a gap its owner sees to that.
  if (cause == RD_KAFKA_RESP_ERR_NO_ERROR
      || cause == RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE)
    return false;
  if (!admitted_ && is_unauthorized(cause))
    return true;
  // Whatever was attempted has no part in it.
  auto fault = to_error(cause, role_, text.data());
  if (cause == RD_KAFKA_RESP_ERR_UNRELEASED_INSTANCE_ID) {
    if (!std::exchange(name_in_use_, true))
      events.push_back({logic::ClientEvent::Kind::fault, {}, std::move(fault)});
    return true;
  }
  if (fault.code != logic::ErrorCode::fenced)
    fault.code = logic::ErrorCode::fatal_client;
  if (!std::exchange(failed_, true))
    events.push_back({logic::ClientEvent::Kind::failed, {}, std::move(fault)});
  return true;
}

void BrokerWatch::on_refused(logic::Error error,
                             std::vector<logic::ClientEvent>& events) {
  refused_ = true;
  report(std::move(error), events);
}

void BrokerWatch::on_admitted(std::vector<logic::ClientEvent>& events) {
  admitted_ = true;
  refused_ = false;
  on_contact(events);
}

void BrokerWatch::remember(rd_kafka_resp_err_t error, std::string_view words) {
  last_words_ = without_timing(words);
  last_words_ += remedy(error, words);
}

void BrokerWatch::doubt() {
  if (contact_ == Contact::answering)
    contact_ = Contact::in_doubt;
  probe_when_due();
}

void BrokerWatch::cut_off(rd_kafka_resp_err_t error,
                          std::vector<logic::ClientEvent>& events) {
  if (std::exchange(contact_, Contact::lost) != Contact::lost) {
    auto fault = to_error(error, role_,
                          "no broker can be reached at " + servers_of(client_));
    fault.code = logic::ErrorCode::unavailable;
    fault.text += last_words_text(last_words_);
    events.push_back({logic::ClientEvent::Kind::fault, {}, std::move(fault)});
  }
  probe_when_due();
}

void BrokerWatch::report(logic::Error error,
                         std::vector<logic::ClientEvent>& events) {
  const auto now = Clock::now();
  // Of an idle client nothing else would ever show that it is over.
  if (!std::exchange(complaining_, true))
    next_probe_ = now + probe_interval;
  doubt();
  if (said_.size() >= max_said)
    said_.clear();
  const auto [entry, first] = said_.try_emplace(error.text, now);
  if (!first && now - entry->second < repeat_after)
    return;
  entry->second = now;
  events.push_back({logic::ClientEvent::Kind::fault, {}, std::move(error)});
}

void BrokerWatch::on_contact(std::vector<logic::ClientEvent>& events) {
  const bool was_lost = std::exchange(contact_, Contact::answering)
                        == Contact::lost;
  if (was_lost)
    said_.clear(); // what stands is said again
  if (standing_ || refused_)
    return;
  const bool was_complaining = std::exchange(complaining_, false);
  if (!was_lost && !was_complaining)
    return;
  last_words_.clear();
  said_.clear();
  events.push_back({logic::ClientEvent::Kind::recovered, {}, {}});
}

void BrokerWatch::tick(std::vector<logic::ClientEvent>& events) {
  if (!is_fatal(events))
    probe_when_due();
}

void BrokerWatch::probe_when_due() {
  // An idle client hears nothing from a broker that is back: ask.
  if (contact_ == Contact::answering || probing_ || Clock::now() < next_probe_)
    return;
  next_probe_ = Clock::now() + probe_interval;
  send_probe();
}

void BrokerWatch::send_probe() {
  const OptionsPtr options{
    rd_kafka_AdminOptions_new(client_, RD_KAFKA_ADMIN_OP_DESCRIBECLUSTER)};
  std::array<char, text_bytes> text{};
  if (rd_kafka_AdminOptions_set_request_timeout(options.get(), probe_timeout_ms,
                                                text.data(), text.size())
      != RD_KAFKA_RESP_ERR_NO_ERROR)
    return;
  rd_kafka_DescribeCluster(client_, options.get(), queue_);
  probing_ = true;
}

} // namespace millrace::adapters::kafka
