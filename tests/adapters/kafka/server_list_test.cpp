#define CAF_SUITE server_list

#include "adapters/kafka/server_list.hpp"

#include "caf/test/dsl.hpp"

#include <string>
#include <utility>
#include <vector>

using namespace millrace::adapters::kafka;

namespace {

/// The servers as text, or what is wrong with them.
std::string read(std::string_view text,
                 std::string_view protocol = "plaintext") {
  const auto list = parse_server_list(text, protocol);
  std::string result;
  for (const auto& fault : list.faults)
    result += "fault: " + fault + "\n";
  if (list.faults.empty())
    for (const auto& server : list.servers)
      result += (result.empty() ? "" : " ") + to_string(server);
  return result;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

} // namespace

CAF_TEST(servers_are_hosts_with_ports) {
  CAF_CHECK_EQUAL(read("kafka:9093"), "kafka:9093");
  CAF_CHECK_EQUAL(read("kafka"), "kafka:9092");
  CAF_CHECK_EQUAL(read(" a:1 , b.c-d_e.example.:2\n"),
                  "a:1 b.c-d_e.example.:2");
  CAF_CHECK_EQUAL(read("10.0.0.1:65535"), "10.0.0.1:65535");
  CAF_CHECK_EQUAL(read("a:9092,"), "a:9092");
  CAF_CHECK_EQUAL(read("PLAINTEXT://a:9092,plaintext://b"), "a:9092 b:9092");
  CAF_CHECK_EQUAL(read("SSL://a:9093", "ssl"), "a:9093");
}

CAF_TEST(ipv6_addresses_stand_in_brackets) {
  CAF_CHECK_EQUAL(read("[::1]:9093"), "[::1]:9093");
  CAF_CHECK_EQUAL(read("[2001:db8::5],[fe80::1%eth0]:1"),
                  "[2001:db8::5]:9092 [fe80::1%eth0]:1");
  for (const auto* bare : {"::1", "2001:db8::5", "fe80::1:9092"})
    CAF_CHECK(has(read(bare), "is an IPv6 address without brackets; write"));
  CAF_CHECK(has(read("[::1:9092"), "no closing bracket"));
  CAF_CHECK(has(read("[kafka]:9092"), "holds no IPv6 address"));
  CAF_CHECK(has(read("[::1]9092"), "behind its bracket"));
  CAF_CHECK(has(read("[::1]:x"), "no number from 1 to 65535"));
}

CAF_TEST(what_can_never_be_reached_is_refused_with_what_to_do) {
  const std::vector<std::pair<const char*, const char*>> cases{
    {"", "no server is named; write host:port"},
    {" , ,", "no server is named; write host:port"},
    {"\"a:9092\"", "holds a quote; write it without quotes"},
    {"a;b", "'a;b' holds a semicolon; separate servers with commas"},
    {"a:9092;b:9092", "more than one colon; separate servers with commas"},
    {"a:9092 b", "holds a blank; separate servers with commas"},
    {"a:1|b", "holds a bar; separate servers with commas"},
    {"http://a:9092", "begins with http://, which is no protocol of Kafka"},
    {"kafka+ssl://a:9092", "which is no protocol of Kafka"},
    {"SASL_SSL://a:9092", "names the protocol sasl_ssl, but "
                          "kafka.security_protocol is plaintext"},
    {":99999", "names no host"},
    {":99999", "has the port '99999', which is no number from 1 to 65535"},
    {"a:9O92", "has the port '9O92', which is no number from 1 to 65535"},
    {"a:0", "no number from 1 to 65535"},
    {"a:-1", "no number from 1 to 65535"},
    {"a:65536", "no number from 1 to 65535"},
    {"a:", "has no port behind its colon"},
    {"a,,b", "an entry is empty"},
    {",a", "an entry is empty"},
    {"a:1:2", "more than one colon"},
    {"${HOST}:9092", "was a variable not put in?"},
    {"user@a:9092", "holds '@'"},
    {"a/b", "holds '/'"},
    {"b\xC3\xBC"
     "cher:1",
     "xn--"},
    {"10.0.0.300:9092", "is no IPv4 address"},
    {"-a:1", "is no host name"},
    {"a..b:1", "is no host name"},
  };
  for (const auto& [text, words] : cases) {
    const auto result = read(text);
    if (!has(result, words))
      CAF_ERROR("'" << text << "' gives " << result);
  }
}

CAF_TEST(every_entry_has_its_own_fault) {
  CAF_CHECK_EQUAL(parse_server_list("a;b,c:1,d:x", "plaintext").faults.size(),
                  2u);
}

CAF_TEST(a_host_alone_is_a_name_or_an_address) {
  for (const auto* host : {"kafka", "10.0.0.1", "::1", "fe80::1%eth0"})
    CAF_CHECK_EQUAL(host_fault(host), "");
  for (const auto* wrong : {"a:9092", "a b", "300.0.0.1", ""})
    CAF_CHECK_NOT_EQUAL(host_fault(wrong), "");
}
