#pragma once

#include "adapters/kafka/client.hpp"
#include "logic/records/client_event.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace millrace::adapters::kafka {

/// Turns the error events of a client into faults for its owner, each said
/// once, and finds out when the brokers answer again. One thread.
class BrokerWatch {
public:
  /// Answers of its probes arrive on `queue`; pass them to `on_event`.
  BrokerWatch(rd_kafka_t* client, rd_kafka_queue_t* queue, std::string role);

  /// The client was made anew; what is amiss stays so until it proves better.
  void attach(rd_kafka_t* client, rd_kafka_queue_t* queue) noexcept {
    client_ = client;
    queue_ = queue;
    probing_ = false;
  }

  /// Takes in an error or probe event; false for any other.
  bool on_event(rd_kafka_event_t* event,
                std::vector<logic::ClientEvent>& events);

  /// An error that came another way, with what was attempted.
  void on_error(rd_kafka_resp_err_t error, std::string_view attempted,
                std::string_view detail,
                std::vector<logic::ClientEvent>& events);

  /// The same fault is said again only after a while.
  void report(logic::Error error, std::vector<logic::ClientEvent>& events);

  /// Whether something is amiss that no contact mends, such as a topic
  /// that is missing or refused: until it is taken back, contact is no
  /// recovery.
  void set_standing(bool standing) noexcept { standing_ = standing; }

  /// Until it is admitted, the client is good for nothing, and that the brokers
  /// refuse what it asks for at first is for its owner to see to: no client has
  /// more rights. What else is well meanwhile is no recovery.
  void await_admission() noexcept { admitted_ = false; }
  void on_refused(logic::Error error, std::vector<logic::ClientEvent>& events);
  void on_admitted(std::vector<logic::ClientEvent>& events);

  /// Proof that a broker answers.
  void on_contact(std::vector<logic::ClientEvent>& events);

  /// Call now and then: notices that the client died, and sends the next probe
  /// when one is due.
  void tick(std::vector<logic::ClientEvent>& events);

  /// Whether the group did not take this client in as somebody else has its
  /// name, which a new client may try again.
  bool name_in_use() const noexcept { return name_in_use_; }

private:
  using Clock = std::chrono::steady_clock;

  enum class Contact : std::uint8_t {
    /// A broker may be out of reach. So before the first contact: of a
    /// listener that speaks another protocol the client says nothing.
    in_doubt,
    answering,
    lost, ///< to all brokers
  };

  /// Whether the client is dead; says so once.
  bool is_fatal(std::vector<logic::ClientEvent>& events);
  void doubt();
  void probe_when_due();
  void cut_off(rd_kafka_resp_err_t error,
               std::vector<logic::ClientEvent>& events);
  void remember(rd_kafka_resp_err_t error, std::string_view words);
  void send_probe();

  rd_kafka_t* client_;
  rd_kafka_queue_t* queue_;
  std::string role_;
  Contact contact_ = Contact::in_doubt;
  bool standing_ = false;
  bool admitted_ = true;
  bool refused_ = false; ///< and not admitted since
  bool complaining_ = false; ///< a fault was said and not taken back
  bool failed_ = false;
  bool name_in_use_ = false;
  bool probing_ = false;
  Clock::time_point next_probe_{};
  std::string last_words_;
  std::map<std::string, Clock::time_point> said_;
};

} // namespace millrace::adapters::kafka
