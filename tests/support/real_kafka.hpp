#pragma once

#include "tests/support/program.hpp"
#include "tests/support/temporary_folder.hpp"

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <memory>
#include <set>
#include <string>

namespace millrace::tests {

/// An Apache Kafka of its own, by tools/real-kafka: ports, data and
/// certificates are its own, and go with it.
class RealKafka {
public:
  enum class Access : std::uint8_t {
    open, ///< on the secure listeners whatever no access list forbids
    strict, ///< only what one allows
  };

  /// Starts it and waits until it is ready; throws where that fails.
  explicit RealKafka(Access access = Access::open);
  RealKafka(const RealKafka&) = delete;
  RealKafka& operator=(const RealKafka&) = delete;
  ~RealKafka();

  /// Ends the broker; its data stay. Waits until it is gone.
  void end(int signal);

  /// Starts it again, on the data and ports of before.
  void start();

  /// host:port of each listener.
  const std::string& plaintext() const noexcept { return plaintext_; }
  const std::string& sasl_ssl() const noexcept { return sasl_ssl_; }
  const std::string& ssl() const noexcept { return ssl_; }
  const std::string& sasl_plaintext() const noexcept { return sasl_plaintext_; }
  /// Of which the broker tells others an address where nobody listens.
  const std::string& unreachable() const noexcept { return unreachable_; }

  /// A file of those that tools/real-kafka makes: ca.pem, other-ca.pem (of an
  /// authority that nobody trusts), client.pem, client.key, expired.pem (a
  /// certificate that once was the client's), expired.key, password.
  std::string file(const std::string& name) const;

  /// The password of the user `millrace`.
  std::string password() const;

  /// Makes a user for SCRAM-SHA-512, or gives one another password.
  void set_password(const std::string& user, const std::string& password);

  /// An access list that names somebody else: on the secure listeners this
  /// topic is then refused to all others. `open_topic` takes it back.
  void reserve_topic(const std::string& topic);
  void open_topic(const std::string& topic);

  /// The same of a consumer group.
  void reserve_group(const std::string& group);
  void open_group(const std::string& group);

  void delete_topic(const std::string& topic);

  /// Sets one setting of a topic.
  void set_topic(const std::string& topic, const std::string& setting,
                 const std::string& value);

  /// The partition's log is lost, as with its disk; only while the broker is
  /// ended.
  void lose_log(const std::string& topic, std::int32_t partition);

  /// How batches in the log are compressed, as Kafka numbers it: none, gzip,
  /// snappy, lz4, zstd.
  std::set<int> codecs(const std::string& topic, std::int32_t partition) const;

  /// Lets the user `millrace` do this by the secure listeners.
  void grant(rd_kafka_ResourceType_t resource, const std::string& name,
             rd_kafka_AclOperation_t operation);

  /// Takes back all that was granted there.
  void withdraw(rd_kafka_ResourceType_t resource, const std::string& name);

  /// The path of tools/real-kafka.
  static std::string tool();

private:
  Access access_;
  TemporaryFolder data_;
  std::unique_ptr<Program> broker_;
  std::string plaintext_;
  std::string sasl_ssl_;
  std::string ssl_;
  std::string sasl_plaintext_;
  std::string unreachable_;
};

} // namespace millrace::tests
