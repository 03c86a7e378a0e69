#include "node/config/foreign_variables.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace millrace::node {

namespace {

/// Names; one that ends with '_' stands for all that begin so.
constexpr std::array<std::string_view, 9> log_shipping{"LOGGING_SERVICE",
                                                       "CLOUDWATCH_",
                                                       "GCP_",
                                                       "STACKDRIVER_",
                                                       "AZURE_",
                                                       "ELASTICSEARCH_URL",
                                                       "LOG_INDEX",
                                                       "ELASTICSEARCH_HOST",
                                                       "ELASTICSEARCH_INDEX"};
constexpr std::array<std::string_view, 1> alerting{"ALERT_"};

struct Group {
  std::span<const std::string_view> names;
  std::string_view where;
};

constexpr std::array<Group, 2> groups{{
  {log_shipping,
   "logs go as JSON lines to stdout and to log.file, and a collector takes "
   "them from there: compose/collector has one for CloudWatch, Stackdriver, "
   "Azure and Elasticsearch, docs/deployment.md says how to use it"},
  {alerting,
   "alerts are rules on /metrics in Prometheus, sent by Alertmanager; "
   "docs/alerts.md has them"},
}};

bool is_among(std::string_view name, std::span<const std::string_view> names) {
  return std::any_of(names.begin(), names.end(), [&](std::string_view it) {
    return it.ends_with('_') ? name.starts_with(it) : name == it;
  });
}

} // namespace

bool is_service_link(std::string_view name, std::string_view value) {
  const auto names_protocol = [&value] {
    for (const std::string_view protocol : {"tcp://", "udp://", "sctp://"})
      if (value.starts_with(protocol))
        return true;
    return false;
  };
  if (name.ends_with("_PORT") && names_protocol())
    return true;
  if (name.ends_with("_SERVICE_HOST") || name.ends_with("_SERVICE_PORT")
      || name.find("_SERVICE_PORT_") != std::string_view::npos)
    return true;
  const auto port = name.rfind("_PORT_");
  if (port == std::string_view::npos)
    return false;
  const auto rest = name.substr(port + 6);
  const auto digits = std::min(rest.find_first_not_of("0123456789"),
                               rest.size());
  const auto protocol = rest.substr(digits);
  return digits > 0
         && (protocol.starts_with("_TCP") || protocol.starts_with("_UDP")
             || protocol.starts_with("_SCTP"));
}

std::vector<std::string>
notes_on_work_of_others(const std::map<std::string, std::string>& environment) {
  std::vector<std::string> notes;
  for (const auto& group : groups) {
    std::string found;
    for (const auto& [name, value] : environment)
      if (!value.empty() && is_among(name, group.names))
        found += (found.empty() ? "" : ", ") + name;
    if (!found.empty())
      notes.push_back("not read: " + found + "; " + std::string{group.where});
  }
  return notes;
}

std::string_view replacement_of_java_variable(std::string_view name) {
  if (name == "KAFKA_SASL_JAAS_CONFIG")
    return "set KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD";
  if (name.starts_with("KAFKA_SSL_TRUSTSTORE_"))
    return "set KAFKA_SSL_CA_LOCATION to a PEM file";
  if (name.starts_with("KAFKA_SSL_KEYSTORE_"))
    return "set KAFKA_SSL_CERTIFICATE_LOCATION and KAFKA_SSL_KEY_LOCATION to "
           "PEM files";
  return {};
}

} // namespace millrace::node
