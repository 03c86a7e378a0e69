#include "node/endpoint/http_config.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

namespace millrace::node {

void describe(logic::SettingVisitor& visitor, HttpConfig& config) {
  visitor.section("http", "The endpoint for metrics, health and status, "
                          "without TLS and without a login.");
  visitor.setting({.name = "enabled", .help = "Whether to serve it at all."},
                  &config.enabled);
  visitor.setting({.name = "address",
                   .help = "IPv4 address to serve on. Only this machine can "
                           "read by default; a container needs 0.0.0.0.",
                   .required = true},
                  &config.address);
  visitor.setting({.name = "port",
                   .help = "TCP port; 0 takes any free one and logs which.",
                   .min = 0,
                   .max = 65535},
                  &config.port);
  visitor.setting({.name = "threads",
                   .help = "Requests answered at the same time.",
                   .min = 1,
                   .max = 64},
                  &config.threads);
  visitor.setting({.name = "max_waiting",
                   .help = "Connections open at the same time; when more come, "
                           "the oldest is closed whose request is not complete "
                           "or whose answer is not taken in.",
                   .min = 1,
                   .max = 4096},
                  &config.max_waiting);
  visitor.setting({.name = "max_request_size",
                   .help = "Bytes of a request line and its headers; a longer "
                           "request is refused.",
                   .min = 2048,
                   .max = 1024.0 * 1024},
                  &config.max_request_size);
  visitor.setting({.name = "request_timeout",
                   .help = "How long a client may take to send its request, or "
                           "to take in a part of the answer.",
                   .min = 100,
                   .max = 60'000},
                  &config.request_timeout);
}

std::vector<logic::Error> check(const HttpConfig& config) {
  in_addr address{};
  if (!config.enabled
      || ::inet_pton(AF_INET, config.address.c_str(), &address) == 1) {
    return {};
  }
  return {{logic::ErrorCode::invalid_config,
           "http.address: '" + config.address
             + "' is no IPv4 address; expected for example 127.0.0.1 or "
               "0.0.0.0"}};
}

} // namespace millrace::node
