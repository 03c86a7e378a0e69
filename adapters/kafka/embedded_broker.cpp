#include "adapters/kafka/embedded_broker.hpp"

#include "adapters/kafka/client.hpp"

#include <librdkafka/rdkafka_mock.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace millrace::adapters::kafka {

namespace {

using MockPtr = Owned<rd_kafka_mock_cluster_t, rd_kafka_mock_cluster_destroy>;

constexpr std::int32_t max_brokers = 32;
constexpr std::int32_t max_partitions = 10'000;
constexpr std::int32_t max_error_count = 1'000'000;

struct RequestName {
  std::string_view name;
  std::int16_t key;
};

/// Keys as the protocol guide numbers them; those that the mock cluster
/// answers.
constexpr std::array request_names = {
  RequestName{"Produce", 0},          RequestName{"Fetch", 1},
  RequestName{"ListOffsets", 2},      RequestName{"Metadata", 3},
  RequestName{"OffsetCommit", 8},     RequestName{"OffsetFetch", 9},
  RequestName{"FindCoordinator", 10}, RequestName{"JoinGroup", 11},
  RequestName{"Heartbeat", 12},       RequestName{"LeaveGroup", 13},
  RequestName{"SyncGroup", 14},       RequestName{"ApiVersion", 18},
  RequestName{"InitProducerId", 22},  RequestName{"AddPartitionsToTxn", 24},
  RequestName{"AddOffsetsToTxn", 25}, RequestName{"EndTxn", 26},
  RequestName{"TxnOffsetCommit", 28}, RequestName{"ConsumerGroupHeartbeat", 68},
};

logic::Error invalid(std::string text) {
  return {logic::ErrorCode::invalid_argument, std::move(text)};
}

logic::Result<rd_kafka_resp_err_t> find_error(std::string_view name) {
  const rd_kafka_err_desc* descriptions = nullptr;
  std::size_t count = 0;
  rd_kafka_get_err_descs(&descriptions, &count);
  for (std::size_t index = 0; index != count; ++index)
    if (descriptions[index].name != nullptr && name == descriptions[index].name)
      return descriptions[index].code;
  return invalid("unknown Kafka error " + std::string{name}
                 + "; use the protocol's name, for example"
                   " NOT_LEADER_FOR_PARTITION, or _TRANSPORT to disconnect");
}

logic::Result<void> outcome(rd_kafka_resp_err_t error,
                            std::string_view attempted) {
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
    return {};
  return to_error(error, attempted);
}

} // namespace

logic::Result<EmbeddedTopic> parse_embedded_topic(std::string_view text) {
  const auto colon = text.find(':');
  EmbeddedTopic topic{std::string{text.substr(0, colon)}, 1};
  if (topic.name.empty())
    return invalid("topic \"" + std::string{text}
                   + "\" has no name; write name:partitions");
  if (colon == std::string_view::npos)
    return topic;
  const auto digits = text.substr(colon + 1);
  const auto* end = digits.data() + digits.size();
  const auto [stop, fault] = std::from_chars(digits.data(), end,
                                             topic.partitions);
  if (fault != std::errc{} || stop != end || topic.partitions < 1
      || topic.partitions > max_partitions)
    return invalid("topic \"" + std::string{text}
                   + "\": partitions must be 1 to "
                   + std::to_string(max_partitions));
  return topic;
}

class EmbeddedBroker::State {
public:
  logic::Result<void> start(const EmbeddedBrokerOptions& options) {
    if (options.brokers < 1 || options.brokers > max_brokers)
      return invalid("the embedded broker has 1 to "
                     + std::to_string(max_brokers) + " brokers, not "
                     + std::to_string(options.brokers));
    KafkaConfig config;
    config.bootstrap_servers.clear();
    config.client_id = "embedded-broker";
    auto client = ClientSettings{config}.create(ClientRole::producer);
    if (!client)
      return client.error();
    client_ = *std::move(client);
    cluster_.reset(rd_kafka_mock_cluster_new(client_.get(), options.brokers));
    if (!cluster_)
      return logic::Error{logic::ErrorCode::unavailable,
                          "starting the embedded broker on 127.0.0.1"};
    brokers_ = options.brokers;
    bootstrap_ = rd_kafka_mock_cluster_bootstraps(cluster_.get());
    rd_kafka_mock_group_initial_rebalance_delay_ms(
      cluster_.get(), to_timeout(options.group_join_delay));
    rd_kafka_mock_set_retention_bytes(cluster_.get(), options.retention_bytes);
    for (const auto& topic : options.topics)
      if (auto created = create_topic(topic); !created)
        return created;
    return {};
  }

  logic::Result<void> create_topic(const EmbeddedTopic& topic) {
    return outcome(
      rd_kafka_mock_topic_create(cluster_.get(), topic.name.c_str(),
                                 topic.partitions, std::min(3, brokers_)),
      "creating topic " + topic.name + " on the embedded broker");
  }

  logic::Result<void> check(std::int32_t broker) const {
    if (broker >= 1 && broker <= brokers_)
      return {};
    return invalid("no broker " + std::to_string(broker) + "; there are 1 to "
                   + std::to_string(brokers_));
  }

  rd_kafka_mock_cluster_t* cluster() const noexcept { return cluster_.get(); }
  const std::string& bootstrap() const noexcept { return bootstrap_; }

private:
  ClientPtr client_;
  MockPtr cluster_; ///< goes before the client that it runs on
  std::int32_t brokers_ = 0;
  std::string bootstrap_;
};

EmbeddedBroker::EmbeddedBroker(std::unique_ptr<State> state)
  : state_(std::move(state)) {}

EmbeddedBroker::~EmbeddedBroker() = default;

logic::Result<std::unique_ptr<EmbeddedBroker>>
EmbeddedBroker::start(const EmbeddedBrokerOptions& options) {
  auto state = std::make_unique<State>();
  if (auto started = state->start(options); !started)
    return started.error();
  return std::unique_ptr<EmbeddedBroker>{new EmbeddedBroker{std::move(state)}};
}

const std::string& EmbeddedBroker::bootstrap_servers() const noexcept {
  return state_->bootstrap();
}

logic::Result<void> EmbeddedBroker::create_topic(const EmbeddedTopic& topic) {
  return state_->create_topic(topic);
}

logic::Result<void> EmbeddedBroker::take_down(std::int32_t broker) {
  if (auto known = state_->check(broker); !known)
    return known;
  return outcome(rd_kafka_mock_broker_set_down(state_->cluster(), broker),
                 "taking broker " + std::to_string(broker) + " down");
}

logic::Result<void> EmbeddedBroker::bring_up(std::int32_t broker) {
  if (auto known = state_->check(broker); !known)
    return known;
  return outcome(rd_kafka_mock_broker_set_up(state_->cluster(), broker),
                 "bringing broker " + std::to_string(broker) + " up");
}

logic::Result<void>
EmbeddedBroker::set_round_trip(std::int32_t broker,
                               std::chrono::milliseconds delay) {
  if (auto known = state_->check(broker); !known)
    return known;
  return outcome(
    rd_kafka_mock_broker_set_rtt(state_->cluster(), broker, to_timeout(delay)),
    "setting the round trip of broker " + std::to_string(broker));
}

logic::Result<void> EmbeddedBroker::set_leader(const std::string& topic,
                                               std::int32_t partition,
                                               std::int32_t broker) {
  if (auto known = state_->check(broker); !known)
    return known;
  return outcome(
    rd_kafka_mock_partition_set_leader(state_->cluster(), topic.c_str(),
                                       partition, broker),
    "moving the leader of " + topic + "[" + std::to_string(partition) + "]");
}

logic::Result<void> EmbeddedBroker::fail_requests(std::string_view request,
                                                  std::string_view error,
                                                  std::int32_t count) {
  const auto* known = std::find_if(
    request_names.begin(), request_names.end(),
    [request](const auto& each) { return each.name == request; });
  if (known == request_names.end())
    return invalid("unknown request " + std::string{request}
                   + "; use the protocol's name, for example Produce or Fetch");
  auto code = find_error(error);
  if (!code)
    return code.error();
  if (count < 1 || count > max_error_count)
    return invalid("the number of requests to fail must be 1 to "
                   + std::to_string(max_error_count));
  const std::vector<rd_kafka_resp_err_t> errors(static_cast<std::size_t>(count),
                                                *code);
  rd_kafka_mock_push_request_errors_array(state_->cluster(), known->key,
                                          errors.size(), errors.data());
  return {};
}

logic::Result<void> EmbeddedBroker::fail_topic(const std::string& topic,
                                               std::string_view error) {
  auto code = error == "NO_ERROR"
                ? logic::Result<rd_kafka_resp_err_t>{RD_KAFKA_RESP_ERR_NO_ERROR}
                : find_error(error);
  if (!code)
    return code.error();
  rd_kafka_mock_topic_set_error(state_->cluster(), topic.c_str(), *code);
  return {};
}

} // namespace millrace::adapters::kafka
