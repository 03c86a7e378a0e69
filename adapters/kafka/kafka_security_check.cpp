#include "adapters/kafka/kafka_security_check.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <sys/stat.h>

namespace millrace::adapters::kafka {

namespace {

using logic::Error;
using logic::ErrorCode;

/// The value of a raw property; empty where it is not set.
std::string property_value(const KafkaConfig& config, std::string_view name) {
  std::string value;
  for (const auto& text : config.properties)
    if (const auto property = parse_property(text);
        property && property->first == name)
      value = property->second; // the last one holds
  return value;
}

/// The node's own settings for tokens.
void check_token_settings(const KafkaConfig& config,
                          std::vector<Error>& faults) {
  const auto add = [&faults](std::string text) {
    faults.push_back({ErrorCode::invalid_config, std::move(text)});
  };
  const bool any = !config.oauth_token_url.empty()
                   || !config.oauth_client_id.empty()
                   || !config.oauth_client_secret.empty()
                   || !config.oauth_scope.empty();
  if (config.sasl_mechanism != "OAUTHBEARER") {
    if (any)
      add("kafka.oauth_token_url and its like have no effect without "
          "kafka.sasl_mechanism OAUTHBEARER");
    return;
  }
  if (!any)
    return;
  if (config.oauth_token_url.empty() || config.oauth_client_id.empty()
      || config.oauth_client_secret.empty())
    add("kafka.oauth_token_url, kafka.oauth_client_id and "
        "kafka.oauth_client_secret need each other");
  else if (!config.oauth_token_url.starts_with("https://")
           && !config.oauth_token_url.starts_with("http://"))
    add("kafka.oauth_token_url: '" + config.oauth_token_url
        + "' begins with neither https:// nor http://");
  for (const auto* name :
       {"sasl.oauthbearer.token.endpoint.url", "sasl.oauthbearer.client.id",
        "sasl.oauthbearer.scope", "sasl.oauthbearer.method"})
    if (!property_value(config, name).empty())
      add(std::string{"kafka.properties sets "} + name
          + ", which the settings kafka.oauth_token_url and its like set too; "
            "take it out there");
}

/// A token for SASL/OAUTHBEARER comes from an OIDC token endpoint, or (on test
/// machines) the client signs one with nothing. Without either it would wait
/// for a token for ever.
void check_token_source(const KafkaConfig& config, std::vector<Error>& faults) {
  if (config.sasl_mechanism != "OAUTHBEARER" || !config.oauth_token_url.empty())
    return;
  const auto unsecured = property_value(config,
                                        "enable.sasl.oauthbearer.unsecure.jwt");
  if (unsecured == "true" || unsecured == "1")
    return;
  const bool is_oidc = property_value(config, "sasl.oauthbearer.method")
                       == "oidc";
  const auto metadata = property_value(
    config, "sasl.oauthbearer.metadata.authentication.type");
  const bool has_endpoint
    = !property_value(config, "sasl.oauthbearer.token.endpoint.url").empty()
      || (!metadata.empty() && metadata != "none");
  if (!is_oidc || !has_endpoint)
    faults.push_back(
      {ErrorCode::invalid_config,
       "kafka.sasl_mechanism OAUTHBEARER has no source of tokens; set "
       "kafka.oauth_token_url, kafka.oauth_client_id and "
       "kafka.oauth_client_secret"});
}

/// Why the file is not one that the client can use, as the end of a sentence;
/// empty where it is.
std::string pem_fault(const std::string& path, std::string_view wanted) {
  const auto unreadable = [](int number) {
    return "cannot be read: " + std::generic_category().message(number)
           + "; put it there, or correct the path";
  };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{
    std::fopen(path.c_str(), "rbe"), &std::fclose};
  if (!file)
    return unreadable(errno);
  struct stat status {};
  if (fstat(fileno(file.get()), &status) == 0 && S_ISDIR(status.st_mode))
    return "is a directory; name the file in it";
  constexpr std::size_t longest_read = 4U << 20U;
  std::string text;
  std::array<char, 4096> chunk{};
  while (
    const auto count = std::fread(chunk.data(), 1, chunk.size(), file.get())) {
    text.append(chunk.data(), count);
    if (text.size() > longest_read)
      return "is longer than 4 MiB, which no such file is";
  }
  if (std::ferror(file.get()) != 0)
    return unreadable(errno);
  if (text.empty())
    return "is empty";
  const auto begin = text.find("-----BEGIN ");
  if (begin == std::string::npos)
    return "is no PEM file (no line \"-----BEGIN ...\"); convert a Java "
           "keystore, PKCS#12 or DER file with openssl";
  if (text.find(wanted, begin) == std::string::npos)
    return "holds no " + std::string{wanted};
  return {};
}

void check_files(const KafkaConfig& config, std::vector<Error>& faults) {
  struct File {
    const char* key;
    const std::string& path;
    std::string_view wanted;
  };
  for (const auto& [key, path, wanted] :
       {File{"ssl_ca_file", config.ssl_ca_file, "CERTIFICATE"},
        File{"oauth_ca_file", config.oauth_ca_file, "CERTIFICATE"},
        File{"ssl_certificate_file", config.ssl_certificate_file,
             "CERTIFICATE"},
        File{"ssl_key_file", config.ssl_key_file, "PRIVATE KEY"}}) {
    if (path.empty())
      continue;
    struct stat status {};
    const bool is_ca = std::string_view{key}.ends_with("ca_file");
    // The client takes a folder of CA certificates, too, and looks for the
    // system's own at "probe".
    if (is_ca
        && (path == "probe"
            || (stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode))))
      continue;
    if (auto reason = pem_fault(path, wanted); !reason.empty())
      faults.push_back(
        {ErrorCode::invalid_config,
         std::string{"kafka."} + key + ": " + path + " " + reason});
  }
}

void check_security_settings(const KafkaConfig& config,
                             std::vector<Error>& faults) {
  const auto add = [&faults](std::string text) {
    faults.push_back({ErrorCode::invalid_config, std::move(text)});
  };
  const bool sasl = config.security_protocol.starts_with("sasl");
  if (sasl && config.sasl_mechanism.empty())
    add("kafka.security_protocol " + config.security_protocol
        + " needs kafka.sasl_mechanism");
  if (!sasl && !config.sasl_mechanism.empty())
    add("kafka.sasl_mechanism has no effect with kafka.security_protocol "
        + config.security_protocol + "; use sasl_ssl or sasl_plaintext");
  const bool password = config.sasl_mechanism == "PLAIN"
                        || config.sasl_mechanism.starts_with("SCRAM");
  if (sasl && password
      && (config.sasl_username.empty() || config.sasl_password.empty()))
    add("kafka.sasl_mechanism " + config.sasl_mechanism
        + " needs kafka.sasl_username and kafka.sasl_password");
  if (!sasl && (!config.sasl_username.empty() || !config.sasl_password.empty()))
    add("kafka.sasl_username and kafka.sasl_password have no effect with "
        "kafka.security_protocol "
        + config.security_protocol
        + "; use sasl_ssl or sasl_plaintext, with kafka.sasl_mechanism");
  const bool tls = config.security_protocol.ends_with("ssl");
  std::string files;
  for (const auto& [key, path] :
       {std::pair{"kafka.ssl_ca_file", &config.ssl_ca_file},
        std::pair{"kafka.ssl_certificate_file", &config.ssl_certificate_file},
        std::pair{"kafka.ssl_key_file", &config.ssl_key_file}})
    if (!path->empty())
      files += (files.empty() ? "" : ", ") + std::string{key};
  if (!tls && !files.empty())
    add(files + " would have no effect with kafka.security_protocol "
        + config.security_protocol + "; use ssl or sasl_ssl");
  if (config.ssl_certificate_file.empty() != config.ssl_key_file.empty())
    add("kafka.ssl_certificate_file and kafka.ssl_key_file need each other");
}

} // namespace

void check_security(const KafkaConfig& config, std::vector<Error>& faults) {
  check_security_settings(config, faults);
  check_token_settings(config, faults);
  check_token_source(config, faults);
  check_files(config, faults);
}

} // namespace millrace::adapters::kafka
