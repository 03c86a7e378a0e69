#include "tests/support/real_kafka.hpp"

#include "adapters/kafka/client.hpp"
#include "tests/support/eventually.hpp"

#include <array>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>

namespace millrace::tests {

namespace {

namespace kafka = adapters::kafka;
using namespace std::chrono_literals;

constexpr auto patience = 60s;

/// The lines `name=host:port and more` that the tool leaves.
std::map<std::string, std::string>
read_listeners(const std::filesystem::path& path) {
  std::map<std::string, std::string> found;
  std::ifstream file{path};
  for (std::string line; std::getline(file, line);) {
    const auto equals = line.find('=');
    found[line.substr(0, equals)] = line.substr(equals + 1,
                                                line.find(' ') - equals - 1);
  }
  return found;
}

using AclBindingPtr
  = kafka::Owned<rd_kafka_AclBinding_t, rd_kafka_AclBinding_destroy>;

using DeleteTopicPtr
  = kafka::Owned<rd_kafka_DeleteTopic_t, rd_kafka_DeleteTopic_destroy>;

using ResourcePtr
  = kafka::Owned<rd_kafka_ConfigResource_t, rd_kafka_ConfigResource_destroy>;

using ScramPtr = kafka::Owned<rd_kafka_UserScramCredentialAlteration_t,
                              rd_kafka_UserScramCredentialAlteration_destroy>;

/// An admin client and the answer to one request of it.
class Administrator {
public:
  explicit Administrator(const std::string& bootstrap_servers) {
    config_.bootstrap_servers = bootstrap_servers;
    auto client = kafka::ClientSettings{config_}.create(
      kafka::ClientRole::admin);
    if (!client)
      throw std::runtime_error{client.error().text};
    client_ = *std::move(client);
    queue_.reset(rd_kafka_queue_new(client_.get()));
  }

  void add(rd_kafka_ResourceType_t resource, const std::string& name,
           const std::string& principal, rd_kafka_AclOperation_t operation) {
    std::array<char, 256> text{};
    const AclBindingPtr entry{rd_kafka_AclBinding_new(
      resource, name.c_str(), RD_KAFKA_RESOURCE_PATTERN_LITERAL,
      principal.c_str(), "*", operation, RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW,
      text.data(), text.size())};
    auto* raw = entry.get();
    rd_kafka_CreateAcls(client_.get(), &raw, 1, nullptr, queue_.get());
    const auto event = answer();
    std::size_t count = 0;
    const auto* const* results = rd_kafka_CreateAcls_result_acls(
      rd_kafka_event_CreateAcls_result(event.get()), &count);
    if (count != 1 || rd_kafka_acl_result_error(results[0]) != nullptr)
      throw std::runtime_error{"cannot add to the access list of " + name};
  }

  void clear(rd_kafka_ResourceType_t kind, const std::string& name) {
    std::array<char, 256> text{};
    const AclBindingPtr filter{rd_kafka_AclBindingFilter_new(
      kind, name.c_str(), RD_KAFKA_RESOURCE_PATTERN_LITERAL, nullptr, nullptr,
      RD_KAFKA_ACL_OPERATION_ANY, RD_KAFKA_ACL_PERMISSION_TYPE_ANY, text.data(),
      text.size())};
    auto* raw = filter.get();
    rd_kafka_DeleteAcls(client_.get(), &raw, 1, nullptr, queue_.get());
    answer();
  }

  void delete_topic(const std::string& topic) {
    const DeleteTopicPtr asked{rd_kafka_DeleteTopic_new(topic.c_str())};
    auto* raw = asked.get();
    rd_kafka_DeleteTopics(client_.get(), &raw, 1, nullptr, queue_.get());
    answer();
  }

  void set_topic(const std::string& topic, const std::string& setting,
                 const std::string& value) {
    const ResourcePtr asked{
      rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str())};
    const kafka::ErrorPtr added{rd_kafka_ConfigResource_add_incremental_config(
      asked.get(), setting.c_str(), RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET,
      value.c_str())};
    if (added)
      throw std::runtime_error{rd_kafka_error_string(added.get())};
    auto* raw = asked.get();
    rd_kafka_IncrementalAlterConfigs(client_.get(), &raw, 1, nullptr,
                                     queue_.get());
    const auto event = answer();
    std::size_t count = 0;
    const auto* const* results
      = rd_kafka_IncrementalAlterConfigs_result_resources(
        rd_kafka_event_IncrementalAlterConfigs_result(event.get()), &count);
    if (count != 1
        || rd_kafka_ConfigResource_error(results[0])
             != RD_KAFKA_RESP_ERR_NO_ERROR)
      throw std::runtime_error{"cannot set " + setting + " of " + topic};
  }

  void set_password(const std::string& user, const std::string& password) {
    constexpr int iterations = 4'096;
    const ScramPtr wish{rd_kafka_UserScramCredentialUpsertion_new(
      user.c_str(), RD_KAFKA_SCRAM_MECHANISM_SHA_512, iterations,
      reinterpret_cast<const unsigned char*>(password.data()), password.size(),
      nullptr, 0)};
    auto* raw = wish.get();
    rd_kafka_AlterUserScramCredentials(client_.get(), &raw, 1, nullptr,
                                       queue_.get());
    const auto event = answer();
    std::size_t count = 0;
    const auto* const* results
      = rd_kafka_AlterUserScramCredentials_result_responses(
        rd_kafka_event_AlterUserScramCredentials_result(event.get()), &count);
    if (count != 1
        || rd_kafka_error_code(
             rd_kafka_AlterUserScramCredentials_result_response_error(
               results[0]))
             != RD_KAFKA_RESP_ERR_NO_ERROR)
      throw std::runtime_error{"cannot set the password of " + user};
  }

private:
  kafka::EventPtr answer() {
    kafka::EventPtr event{
      rd_kafka_queue_poll(queue_.get(), kafka::to_timeout(patience))};
    if (!event || rd_kafka_event_error(event.get()) != 0)
      throw std::runtime_error{"the broker refuses what an administrator asks"};
    return event;
  }

  kafka::KafkaConfig config_;
  kafka::ClientPtr client_;
  kafka::QueuePtr queue_;
};

} // namespace

RealKafka::RealKafka(Access access) : access_(access) {
  start();
  auto listeners = read_listeners(data_ / "listeners");
  plaintext_ = listeners["bootstrap.servers"];
  sasl_ssl_ = listeners["sasl_ssl"];
  ssl_ = listeners["ssl"];
  sasl_plaintext_ = listeners["sasl_plaintext"];
  unreachable_ = listeners["unreachable"];
}

RealKafka::~RealKafka() = default;

void RealKafka::start() {
  std::vector<std::string> command{tool(),   "run", "--data",   data_.path(),
                                   "--port", "0",   "--secure", "--small"};
  if (access_ == Access::strict)
    command.emplace_back("--strict");
  broker_ = std::make_unique<Program>(command);
  const bool ended = eventually(patience, [this] {
    return broker_->output().find("Kafka Server started") != std::string::npos
           || !broker_->alive();
  });
  if (!ended || !broker_->alive())
    throw std::runtime_error{"Kafka does not start: " + broker_->output()};
}

void RealKafka::end(int signal) {
  broker_->send_signal(signal);
  if (broker_->wait(patience) == -1000)
    throw std::runtime_error{"Kafka does not end: " + broker_->output()};
}

std::string RealKafka::file(const std::string& name) const {
  return data_ / ("tls/" + name);
}

std::string RealKafka::password() const {
  std::ifstream file_of_it{file("password")};
  std::string text;
  std::getline(file_of_it, text);
  return text;
}

void RealKafka::set_password(const std::string& user,
                             const std::string& password) {
  Administrator{plaintext_}.set_password(user, password);
}

void RealKafka::reserve_topic(const std::string& topic) {
  Administrator{plaintext_}.add(RD_KAFKA_RESOURCE_TOPIC, topic,
                                "User:somebody-else",
                                RD_KAFKA_ACL_OPERATION_ALL);
}

void RealKafka::grant(rd_kafka_ResourceType_t resource, const std::string& name,
                      rd_kafka_AclOperation_t operation) {
  Administrator{plaintext_}.add(resource, name, "User:millrace", operation);
}

void RealKafka::withdraw(rd_kafka_ResourceType_t resource,
                         const std::string& name) {
  Administrator{plaintext_}.clear(resource, name);
}

void RealKafka::open_topic(const std::string& topic) {
  Administrator{plaintext_}.clear(RD_KAFKA_RESOURCE_TOPIC, topic);
}

void RealKafka::reserve_group(const std::string& group) {
  Administrator{plaintext_}.add(RD_KAFKA_RESOURCE_GROUP, group,
                                "User:somebody-else",
                                RD_KAFKA_ACL_OPERATION_ALL);
}

void RealKafka::open_group(const std::string& group) {
  Administrator{plaintext_}.clear(RD_KAFKA_RESOURCE_GROUP, group);
}

void RealKafka::delete_topic(const std::string& topic) {
  Administrator{plaintext_}.delete_topic(topic);
}

void RealKafka::set_topic(const std::string& topic, const std::string& setting,
                          const std::string& value) {
  Administrator{plaintext_}.set_topic(topic, setting, value);
}

void RealKafka::lose_log(const std::string& topic, std::int32_t partition) {
  const std::filesystem::path log{
    data_ / ("logs/" + topic + "-" + std::to_string(partition))};
  if (std::filesystem::remove_all(log) == 0)
    throw std::runtime_error{"there is no " + log.string()};
}

std::set<int> RealKafka::codecs(const std::string& topic,
                                std::int32_t partition) const {
  const std::filesystem::path segment{data_
                                      / ("logs/" + topic + "-"
                                         + std::to_string(partition)
                                         + "/00000000000000000000.log")};
  std::ifstream file{segment, std::ios::binary};
  const std::string log{std::istreambuf_iterator<char>{file}, {}};
  // https://kafka.apache.org/documentation/#recordbatch
  constexpr std::size_t length_at = 8;
  constexpr std::size_t attributes_at = 22; // the lower byte
  constexpr std::size_t uncounted = 12; // by the length
  constexpr unsigned codec_bits = 7;
  std::set<int> found;
  for (std::size_t at = 0; at + attributes_at < log.size();) {
    std::size_t length = 0;
    for (std::size_t index = 0; index != 4; ++index)
      length = length << 8U
               | static_cast<unsigned char>(log[at + length_at + index]);
    const auto attributes = static_cast<unsigned char>(log[at + attributes_at]);
    found.insert(static_cast<int>(attributes & codec_bits));
    at += uncounted + length;
  }
  return found;
}

std::string RealKafka::tool() {
  return MILLRACE_SOURCE_DIR "/tools/real-kafka";
}

} // namespace millrace::tests
