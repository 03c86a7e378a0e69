#define CAF_SUITE tls_session

#include "adapters/links/tls_session.hpp"

#include "caf/test/dsl.hpp"

#include "adapters/links/tls_files.hpp"
#include "tests/adapters/links/certificate_folder.hpp"
#include "tests/support/memory_log.hpp"

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <span>
#include <string>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace millrace;
using namespace millrace::adapters::links;
using logic::links::RefusalReason;
using tests::CertificateFolder;

namespace {

using Progress = TlsSession::Progress;

std::shared_ptr<TlsFiles> open_files(const LinkConfig& config) {
  auto files = TlsFiles::open(config, std::make_shared<tests::MemoryLog>());
  CAF_REQUIRE(files.has_value());
  return *files;
}

/// Two ends of a connection that is made in this thread.
struct Ends {
  std::array<int, 2> sockets{-1, -1};
  std::unique_ptr<TlsSession> caller;
  std::unique_ptr<TlsSession> called;

  Ends() {
    CAF_REQUIRE_EQUAL(
      ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets.data()), 0);
  }
  Ends(TlsFiles& of_caller, TlsFiles& of_called) : Ends() {
    caller = std::make_unique<TlsSession>(of_caller.context(), sockets[0],
                                          TlsSession::Side::connecting);
    called = std::make_unique<TlsSession>(of_called.context(), sockets[1],
                                          TlsSession::Side::accepting);
  }
  Ends(const Ends&) = delete;
  Ends& operator=(const Ends&) = delete;
  ~Ends() {
    for (const int socket : sockets)
      ::close(socket);
  }

  /// Lets both go on until nothing more happens; what the called one got.
  std::string exchange(std::string text) {
    std::array<std::byte, 256> buffer{};
    std::string got;
    for (int round = 0; round != 20; ++round) {
      std::size_t count = 0;
      if (!text.empty()
          && caller->write(std::as_bytes(std::span{text}), count)
               == Progress::moved)
        text.erase(0, count);
      caller->read(buffer, count);
      if (called->read(buffer, count) == Progress::moved)
        got.append(reinterpret_cast<const char*>(buffer.data()), count);
    }
    return got;
  }
};

struct Fixture {
  Fixture() { std::signal(SIGPIPE, SIG_IGN); }

  CertificateFolder folder{{"a", "b"}};
  LinkConfig caller = folder.config("a");
  LinkConfig called = folder.config("b");

  /// What each side says when the two meet.
  std::pair<RefusalReason, RefusalReason> meet() {
    const auto first = open_files(caller);
    const auto second = open_files(called);
    Ends ends{*first, *second};
    CAF_CHECK_EQUAL(ends.exchange("hello"), "");
    return {ends.caller->refusal().reason, ends.called->refusal().reason};
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(tls_session_tests, Fixture)

CAF_TEST(nodes_of_one_ca_speak_to_each_other) {
  const auto first = open_files(caller);
  const auto second = open_files(called);
  Ends ends{*first, *second};
  CAF_CHECK_EQUAL(ends.exchange("hello"), "hello");
  CAF_CHECK(ends.caller->established());
  CAF_CHECK(ends.called->established());
}

CAF_TEST(a_node_of_another_ca_is_refused_and_both_say_so) {
  CertificateFolder other{{"a"}};
  // Its own CA file is ours, so that it is the called one who refuses.
  caller = other.config("a");
  caller.ca_file = folder.file("ca.crt");
  // Such files do not fit each other: a node would not even start.
  CAF_CHECK(!check(caller).empty());
  caller = other.config("a");
  const auto [by_caller, by_called] = meet();
  CAF_CHECK(by_caller == RefusalReason::untrusted_certificate);
  CAF_CHECK(by_called == RefusalReason::refused_by_peer);
}

CAF_TEST(a_denied_serial_is_refused_and_both_say_so) {
  called.deny_serials = {folder.serial(0)};
  const auto [by_caller, by_called] = meet();
  CAF_CHECK(by_caller == RefusalReason::refused_by_peer);
  CAF_CHECK(by_called == RefusalReason::denied_serial);
}

CAF_TEST(a_serial_that_is_added_to_the_deny_file_is_refused_from_then_on) {
  called.deny_file = folder.file("denied");
  const auto write = [this](const std::string& text) {
    std::ofstream{called.deny_file + ".new"} << text;
    std::filesystem::rename(called.deny_file + ".new", called.deny_file);
  };
  write("# nobody yet\n\n");
  const auto mine = open_files(caller);
  const auto theirs = open_files(called);
  CAF_CHECK_EQUAL((Ends{*mine, *theirs}.exchange("hello")), "hello");
  write("0x1234  # another\n" + folder.serial(0) + "\r\n");
  CAF_CHECK_NOT_EQUAL((Ends{*mine, *theirs}.exchange("hello")), "hello");
  // A list that cannot be read whole does not let anybody in.
  write("no serial\n");
  CAF_CHECK_NOT_EQUAL((Ends{*mine, *theirs}.exchange("hello")), "hello");
  write("");
  CAF_CHECK_EQUAL((Ends{*mine, *theirs}.exchange("hello")), "hello");
}

CAF_TEST(only_listed_names_are_linked) {
  called.peer_names = {"b", "c"};
  CAF_CHECK(meet().second == RefusalReason::unknown_name);
  called.peer_names = {"b", "A"};
  const auto first = open_files(caller);
  const auto second = open_files(called);
  CAF_CHECK_EQUAL((Ends{*first, *second}.exchange("hello")), "hello");
}

CAF_TEST(a_wildcard_of_ours_stands_for_one_label) {
  folder.issue({"w"}, std::chrono::hours{1}, {"n1.example.org", "10.0.0.7"});
  caller = folder.config("w");
  const auto linked = [this](const std::string& name) {
    called.peer_names = {name};
    const auto first = open_files(caller);
    const auto second = open_files(called);
    Ends ends{*first, *second};
    return ends.exchange("hello") == "hello";
  };
  CAF_CHECK(linked("*.example.org"));
  CAF_CHECK(linked("10.0.0.7"));
  CAF_CHECK(!linked("*.org"));
  CAF_CHECK(!linked("*.n1.example.org"));
  CAF_CHECK(!linked("10.0.0.8"));
}

CAF_TEST(whoever_speaks_no_tls_is_refused) {
  const auto files = open_files(called);
  for (const std::string text : {"GET / HTTP/1.1\r\n\r\n", "hello, anybody?",
                                 "\x16\x03\x01\xff\xff\xff\xff"}) {
    Ends ends;
    TlsSession session{files->context(), ends.sockets[1],
                       TlsSession::Side::accepting};
    CAF_REQUIRE(::write(ends.sockets[0], text.data(), text.size()) > 0);
    std::array<std::byte, 64> buffer{};
    std::size_t count = 0;
    CAF_CHECK(session.read(buffer, count) == Progress::failed);
    CAF_CHECK(session.refusal().reason == RefusalReason::not_tls
              || session.refusal().reason == RefusalReason::tls_failed);
  }
}

CAF_TEST(who_hangs_up_in_the_handshake_is_told_apart) {
  const auto files = open_files(called);
  Ends ends;
  TlsSession session{files->context(), ends.sockets[1],
                     TlsSession::Side::accepting};
  ::shutdown(ends.sockets[0], SHUT_RDWR);
  std::array<std::byte, 64> buffer{};
  std::size_t count = 0;
  CAF_CHECK(session.read(buffer, count) == Progress::failed);
  CAF_CHECK(session.refusal().reason == RefusalReason::hung_up);
}

CAF_TEST(changed_files_are_used_and_those_that_do_not_fit_are_not) {
  const auto files = open_files(called);
  const auto first = files->context();
  folder.issue({"next"});
  // A key alone fits nothing yet.
  std::filesystem::rename(folder.file("next.key"), folder.file("b.key"));
  CAF_CHECK(files->context() == first);
  std::filesystem::rename(folder.file("next.crt"), folder.file("b.crt"));
  CAF_CHECK(files->context() != first);
}

/// As Kubernetes replaces a mounted secret, again and again.
CAF_TEST(files_behind_a_link_that_is_turned_are_new_files) {
  namespace fs = std::filesystem;
  const auto version = [this](const std::string& name) {
    fs::create_directory(folder.file(name));
    folder.issue({name + "-b"});
    for (const std::string end : {".crt", ".key"})
      fs::copy_file(folder.file(name + "-b" + end),
                    folder.file(name) + "/b" + end);
    fs::create_directory_symlink(name, folder.file("turning"));
    fs::rename(folder.file("turning"), folder.file("data"));
  };
  version("first");
  called.certificate_file = folder.file("data") + "/b.crt";
  called.key_file = folder.file("data") + "/b.key";
  const auto files = open_files(called);
  auto last = files->context();
  for (const auto* name : {"second", "third"}) {
    version(name);
    const auto next = files->context();
    CAF_CHECK(next != last);
    last = next;
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
