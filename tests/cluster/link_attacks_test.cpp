#define CAF_SUITE link_attacks

#include "node/links/caf_transport.hpp"

#include "caf/test/dsl.hpp"

#include "messages/wire/type_ids.hpp"
#include "tests/cluster/hostile_client.hpp"
#include "tests/cluster/live_node.hpp"

#include <caf/binary_serializer.hpp>
#include <caf/exit_reason.hpp>
#include <caf/node_id.hpp>
#include <caf/system_messages.hpp>

#include <csignal>
#include <memory>
#include <random>
#include <string>
#include <vector>

using namespace millrace;
using namespace millrace::tests;
using namespace std::chrono_literals;

namespace {

using Fields = HostileClient::Fields;

/// A port that takes no more calls and refuses none, as the address of a
/// machine that is gone: the queue of those that wait is full.
class SilentListener {
public:
  SilentListener() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket_, any, size) != 0 || ::listen(socket_, 0) != 0
        || ::getsockname(socket_, any, &size) != 0)
      throw std::runtime_error("cannot listen");
    port_ = ntohs(address.sin_port);
    waiting_ = std::make_unique<LocalConnection>(port_);
  }
  SilentListener(const SilentListener&) = delete;
  SilentListener& operator=(const SilentListener&) = delete;
  ~SilentListener() { ::close(socket_); }

  std::uint16_t port() const noexcept { return port_; }

private:
  int socket_;
  std::uint16_t port_ = 0;
  std::unique_ptr<LocalConnection> waiting_;
};

struct Fixture {
  CertificateFolder folder{{"victim", "friend", "mallory"}};
  std::unique_ptr<LiveNode> victim;
  std::string mallorys_node;

  Fixture() {
    std::signal(SIGPIPE, SIG_IGN);
    restart({});
    mallorys_node = bytes_of(
      caf::make_node_id(4711, "0102030405060708090a0b0c0d0e0f1011121314")
        .value());
  }

  void
  restart(const std::function<void(adapters::links::LinkConfig&)>& change) {
    victim.reset();
    auto config = folder.config("victim");
    if (change)
      change(config);
    victim = std::make_unique<LiveNode>("victim", config);
  }

  template <class Value>
  std::string bytes_of(const Value& value) {
    caf::byte_buffer buffer;
    caf::binary_serializer sink{victim->system(), buffer};
    CAF_REQUIRE(sink.apply(value));
    std::string bytes;
    for (const auto each : buffer)
      bytes += static_cast<char>(each);
    return bytes;
  }

  /// Somebody with a certificate of our CA who has shaken hands.
  std::unique_ptr<HostileClient> insider() {
    auto client = std::make_unique<HostileClient>(victim->port(),
                                                  folder.config("mallory"));
    CAF_REQUIRE(client->welcome());
    client->greet(mallorys_node);
    return client;
  }

  /// Whether a well-behaved node still gets a link, and keeps it.
  bool still_links() {
    LiveNode good{"friend", folder.config("friend"), {victim->port()}};
    return good.comes_to("victim") && victim->comes_to("friend");
  }

  bool counts(const std::string& reason, double least = 1) {
    return eventually(10s, [&] { return victim->refusals(reason) >= least; });
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(link_attacks_tests, Fixture)

CAF_TEST(a_node_of_ours_links) {
  CAF_CHECK(still_links());
}

CAF_TEST(silence_is_hung_up_on_before_and_after_the_tls_handshake) {
  const auto begun = std::chrono::steady_clock::now();
  LocalConnection silent{victim->port()};
  HostileClient half{victim->port(), folder.config("mallory")};
  CAF_CHECK(half.welcome());
  CAF_CHECK_EQUAL(silent.read_all(), "");
  CAF_CHECK(half.is_hung_up_on());
  CAF_CHECK_LESS((std::chrono::steady_clock::now() - begun) / 1ms, 6'000);
  CAF_CHECK(counts("silence", 2));
  CAF_CHECK(still_links());
}

CAF_TEST(garbage_and_plain_protocols_on_the_tls_port_are_refused) {
  std::mt19937_64 random{5};
  for (int round = 0; round != 50; ++round) {
    std::string bytes(1 + random() % 300, '\0');
    for (auto& byte : bytes)
      byte = static_cast<char>(random());
    LocalConnection garbage{victim->port()};
    garbage.send(bytes);
    garbage.finish();
    garbage.read_all();
  }
  LocalConnection http{victim->port()};
  http.send("GET / HTTP/1.1\r\n\r\n");
  http.read_all();
  // A node without TLS: CAF's own handshake in the clear.
  LocalConnection plain{victim->port()};
  plain.send(HostileClient::frame(1, mallorys_node));
  plain.read_all();
  CAF_CHECK(counts("not_tls"));
  CAF_CHECK(still_links());
}

CAF_TEST(random_changes_to_a_recorded_handshake_do_no_harm) {
  const auto files = adapters::links::TlsFiles::open(
    folder.config("mallory"), std::make_shared<MemoryLog>());
  CAF_REQUIRE(files.has_value());
  const auto context = (*files)->context();
  const adapters::links::SslHandle ssl{SSL_new(context.get())};
  auto* in = BIO_new(BIO_s_mem());
  auto* out = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl.get(), in, out);
  SSL_set_connect_state(ssl.get());
  SSL_do_handshake(ssl.get());
  const char* bytes = nullptr;
  const auto size = BIO_get_mem_data(out, &bytes);
  CAF_REQUIRE(size > 100);
  const std::string recorded{bytes, static_cast<std::size_t>(size)};
  std::mt19937_64 random{6};
  for (int round = 0; round != 200; ++round) {
    auto changed = recorded;
    const auto changes = 1 + random() % 4;
    for (std::uint64_t change = 0; change != changes; ++change)
      changed[random() % changed.size()] = static_cast<char>(random());
    changed.resize(1 + random() % changed.size());
    LocalConnection connection{victim->port()};
    connection.send(changed);
    connection.finish();
  }
  CAF_CHECK(eventually(20s, [&] { return victim->all_refusals() >= 200; }));
  CAF_CHECK(still_links());
}

CAF_TEST(frames_that_claim_no_or_a_huge_payload_end_the_connection) {
  for (const std::int64_t claimed : {0L, 1L, 0xFFFFFFFFL})
    for (const std::uint8_t operation : {0, 1, 2, 3, 4, 5}) {
      Fields fields;
      fields.data = 1;
      fields.source = operation < 2 ? 0 : 5;
      fields.dest = operation < 2 ? 0 : victim->door();
      fields.claimed_bytes = claimed;
      HostileClient stranger{victim->port(), folder.config("mallory")};
      stranger.send(HostileClient::frame(operation, {}, fields));
      CAF_CHECK(stranger.is_hung_up_on());
      const auto known = insider();
      known->send(HostileClient::frame(operation, {}, fields));
      // A message of one byte is only refused once the byte is there.
      known->send(std::string(64, '\0'));
      CAF_CHECK(known->is_hung_up_on());
    }
  CAF_CHECK(still_links());
}

CAF_TEST(two_hundred_connections_at_once_leave_room_for_a_node) {
  std::vector<std::unique_ptr<LocalConnection>> crowd;
  for (int each = 0; each != 200; ++each)
    crowd.push_back(std::make_unique<LocalConnection>(victim->port()));
  CAF_CHECK(still_links());
  std::vector<std::unique_ptr<LocalConnection>> more;
  for (int each = 0; each != 200; ++each)
    more.push_back(std::make_unique<LocalConnection>(victim->port()));
  CAF_CHECK(counts("silence", 200));
  CAF_CHECK(still_links());
}

CAF_TEST(certificates_of_others_out_of_date_or_denied_get_no_session) {
  CertificateFolder other{{"mallory"}};
  const auto refused = [this](const adapters::links::LinkConfig& config) {
    HostileClient client{victim->port(), config};
    return !client.welcome() || client.is_hung_up_on();
  };
  // Mallory trusts everybody, so that it is the victim who refuses.
  auto foreign = other.config("mallory");
  CAF_CHECK(refused(foreign));
  restart([&](auto& config) { config.deny_serials = {folder.serial(2)}; });
  CAF_CHECK(refused(folder.config("mallory")));
  CAF_CHECK(counts("denied_serial"));
  CAF_CHECK(still_links());
  restart([](auto& config) { config.peer_names = {"friend"}; });
  CAF_CHECK(refused(folder.config("mallory")));
  CAF_CHECK(counts("unknown_name"));
  CAF_CHECK(still_links());
}

CAF_TEST(an_insider_reaches_nobody_but_the_door_and_cannot_end_it) {
  LiveNode good{"friend", folder.config("friend"), {victim->port()}};
  CAF_REQUIRE(good.comes_to("victim"));
  // To every actor that there may be, the links and CAF's own among them.
  {
    const auto client = insider();
    for (std::uint64_t actor = 1; actor != 200; ++actor)
      if (actor != victim->door())
        client->send(HostileClient::frame(
          2, HostileClient::message(1'005, std::string(1, '\0')),
          {.source = 9, .dest = actor}));
    for (const std::uint64_t named : {1, 2})
      client->send(HostileClient::frame(
        2, HostileClient::message(1'005, std::string(1, '\0')),
        {.flags = 1, .source = 9, .dest = named}));
    client->send(HostileClient::frame(6, {}));
  }
  const auto exit = bytes_of(
    caf::exit_msg{caf::actor_addr{}, caf::exit_reason::kill});
  const auto down = bytes_of(
    caf::down_msg{caf::actor_addr{}, caf::exit_reason::kill});
  const std::vector<std::string> orders{
    HostileClient::message(caf::type_id_v<caf::exit_msg>, exit),
    HostileClient::message(caf::type_id_v<caf::down_msg>, down)};
  for (const auto& order : orders)
    for (std::uint64_t actor = 1; actor != 60; ++actor) {
      const auto client = insider();
      client->send(
        HostileClient::frame(2, order, {.source = 9, .dest = actor}));
      client->send(HostileClient::frame(6, {}));
    }
  CAF_CHECK(counts("forbidden"));
  CAF_CHECK(good.comes_to("victim"));
  CAF_CHECK(victim->comes_to("friend"));
  CAF_CHECK_EQUAL(victim->log().count("link lost"), 0u);
}

CAF_TEST(an_insider_cannot_speak_for_others_or_through_us) {
  LiveNode good{"friend", folder.config("friend"), {victim->port()}};
  CAF_REQUIRE(good.comes_to("victim"));
  const auto friends_node = bytes_of(good.system().node());
  const auto client = insider();
  // That an actor of the friend's ended, and a message from it.
  client->send(HostileClient::frame(
    5, friends_node + client->peer_node() + std::string(4, '\0'),
    {.source = 9}));
  CAF_CHECK(client->is_hung_up_on());
  const auto second = insider();
  second->send(HostileClient::frame(
    3, friends_node + second->peer_node() + HostileClient::message(1'002, "x"),
    {.source = 9, .dest = victim->door()}));
  CAF_CHECK(second->is_hung_up_on());
  CAF_CHECK(counts("forbidden", 2));
  CAF_CHECK_EQUAL(victim->log().count("link lost"), 0u);
}

CAF_TEST(work_is_not_taken_by_a_node_that_is_no_worker) {
  // LaneOpen, LaneWork, LaneAnswer, LaneDrop.
  for (const std::uint16_t type : {1'008, 1'009, 1'010, 1'011}) {
    const auto client = insider();
    client->send(HostileClient::frame(
      2, HostileClient::message(type, std::string(20, '\0')),
      {.source = 9, .dest = victim->door()}));
    CAF_CHECK(client->is_hung_up_on());
  }
  CAF_CHECK(counts("forbidden", 4));
  // A result that nobody asked for is dropped.
  const auto client = insider();
  client->send(HostileClient::frame(
    2, HostileClient::message(1'014, std::string(20, '\0')),
    {.source = 9, .dest = victim->door()}));
  CAF_CHECK(still_links());
}

CAF_TEST(well_formed_nonsense_is_dropped) {
  std::mt19937_64 random{8};
  for (int round = 0; round != 100; ++round) {
    const auto client = insider();
    for (const std::uint16_t type : {1'000, 1'001, 1'002, 1'003, 1'005}) {
      std::string value(random() % 200, '\0');
      for (auto& byte : value)
        byte = static_cast<char>(random());
      client->send(HostileClient::frame(2, HostileClient::message(type, value),
                                        {.data = random() & 0xFFFFU,
                                         .source = random() % 50,
                                         .dest = victim->door()}));
    }
  }
  CAF_CHECK(still_links());
}

CAF_TEST(a_valid_node_of_another_cluster_is_refused_by_one_line_on_each_side) {
  LiveNode other{
    "friend", folder.config("friend"), {victim->port()}, "payments"};
  CAF_CHECK(counts("other_cluster"));
  CAF_CHECK(eventually(10s, [&] { return other.log().count("link refused"); }));
  CAF_CHECK_EQUAL(victim->log().count("link refused"), 1u);
  CAF_CHECK_EQUAL(other.log().count("link refused"), 1u);
  CAF_CHECK_EQUAL(victim->log().count("linked"), 0u);
}

CAF_TEST(a_node_ends_at_once_though_it_calls_where_nobody_answers) {
  const SilentListener gone;
  auto caller = std::make_unique<LiveNode>("friend", folder.config("friend"),
                                           std::vector{gone.port()});
  CAF_REQUIRE(eventually(10s, [&] {
    return caller->log().count("a peer cannot be reached, trying again") != 0;
  }));
  const auto begun = std::chrono::steady_clock::now();
  caller.reset();
  CAF_CHECK_LESS((std::chrono::steady_clock::now() - begun) / 1ms, 5'000);
}

CAF_TEST(a_node_ends_at_once_though_others_hold_its_connections) {
  const LocalConnection silent{victim->port()};
  const HostileClient half{victim->port(), folder.config("mallory")};
  CAF_CHECK(half.welcome());
  const auto begun = std::chrono::steady_clock::now();
  victim.reset();
  CAF_CHECK_LESS((std::chrono::steady_clock::now() - begun) / 1ms, 5'000);
}

CAF_TEST_FIXTURE_SCOPE_END()
