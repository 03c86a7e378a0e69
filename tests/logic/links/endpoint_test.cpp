#define CAF_SUITE endpoint

#include "logic/links/endpoint.hpp"

#include "caf/test/dsl.hpp"

#include <string>

using namespace millrace::logic::links;

CAF_TEST(hosts_and_addresses_with_a_port_are_read) {
  for (const std::string text :
       {"127.0.0.1:9110", "node-2.nodes:1", "[::1]:65535", "0.0.0.0:9110"}) {
    const auto endpoint = parse_endpoint(text);
    CAF_REQUIRE(endpoint.has_value());
    CAF_CHECK_EQUAL(to_string(*endpoint), text);
  }
  CAF_CHECK(parse_endpoint("127.0.0.1:0", 0).has_value());
}

CAF_TEST(what_is_no_endpoint_is_named) {
  for (const std::string text :
       {"", "node", "node:", ":9110", "node:0", "node:65536", "node:91x",
        "::1:9110", "[node]:9110", "no de:9110", "node/x:9110"}) {
    const auto endpoint = parse_endpoint(text);
    CAF_REQUIRE(!endpoint.has_value());
    CAF_CHECK(endpoint.error().text.find("expected for example")
              != std::string::npos);
  }
}

CAF_TEST(a_peer_is_one_node_or_all_behind_a_name) {
  const auto one = parse_peer_address("node-2:9110");
  CAF_REQUIRE(one.has_value());
  CAF_CHECK(!one->all_addresses);
  const auto all = parse_peer_address("dns:nodes.default.svc:9110");
  CAF_REQUIRE(all.has_value());
  CAF_CHECK(all->all_addresses);
  CAF_CHECK_EQUAL(all->endpoint.host, "nodes.default.svc");
  CAF_CHECK(!parse_peer_address("dns:9110").has_value());
}

CAF_TEST(only_addresses_of_this_machine_are_loopback) {
  for (const std::string host : {"127.0.0.1", "127.9.8.7", "localhost", "::1"})
    CAF_CHECK(is_loopback(host));
  for (const std::string host : {"0.0.0.0", "10.0.0.1", "127.0.0.1.example.org",
                                 "127.evil.org", "127.0.0.1.5", "::", "node"})
    CAF_CHECK(!is_loopback(host));
}
