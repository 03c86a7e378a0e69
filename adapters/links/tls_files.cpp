#include "adapters/links/tls_files.hpp"

#include "adapters/links/openssl_handles.hpp"

#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include <sys/stat.h>

namespace millrace::adapters::links {

namespace {

using logic::Error;
using logic::ErrorCode;

constexpr std::string_view component = "links";

/// Which of the settings a file is of, for the text of a fault.
struct NamedFile {
  const char* key;
  const std::string& path;
};

Error fault(const NamedFile& file, const std::string& what) {
  return {ErrorCode::invalid_config,
          std::string{file.key} + ": " + file.path + " " + what};
}

logic::Result<BioHandle> open_file(const NamedFile& file) {
  errno = 0;
  struct stat status {};
  if (::stat(file.path.c_str(), &status) == 0 && !S_ISREG(status.st_mode))
    return fault(file, "is no file; name the PEM file itself");
  BioHandle bio{BIO_new_file(file.path.c_str(), "re")};
  if (!bio) {
    const auto reason = std::generic_category().message(errno);
    ERR_clear_error();
    return fault(file, "cannot be read: " + reason
                         + "; put it there, or correct the path or its rights");
  }
  return bio;
}

/// All certificates of a file.
logic::Result<std::vector<CertificateHandle>>
read_certificates(const NamedFile& file) {
  auto bio = open_file(file);
  if (!bio)
    return bio.error();
  std::vector<CertificateHandle> certificates;
  while (CertificateHandle next{
    PEM_read_bio_X509(bio->get(), nullptr, nullptr, nullptr)})
    certificates.push_back(std::move(next));
  const bool ended = ERR_GET_REASON(ERR_peek_last_error())
                     == PEM_R_NO_START_LINE;
  const auto reason = take_ssl_error();
  if (!ended)
    return fault(file, "is damaged: " + reason + "; make it anew");
  if (certificates.empty())
    return fault(file, "holds no certificate in PEM; `millrace certificates` "
                       "makes one");
  return certificates;
}

/// Nobody is asked for a passphrase: a node starts without people.
int refuse_passphrase(char*, int, int, void*) {
  return 0;
}

logic::Result<KeyHandle> read_key(const NamedFile& file) {
  auto bio = open_file(file);
  if (!bio)
    return bio.error();
  KeyHandle key{
    PEM_read_bio_PrivateKey(bio->get(), nullptr, refuse_passphrase, nullptr)};
  if (!key) {
    const auto reason = take_ssl_error();
    return fault(file, "holds no key that can be read: " + reason
                         + "; it must be PEM without a passphrase");
  }
  return key;
}

std::string advice_on(int verdict) {
  switch (verdict) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "; issue a new one with `millrace certificates`";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "; check this machine's clock";
    default:
      return "; the CA in link.ca_file must be the one that signed it";
  }
}

/// What is wrong with a certificate in the eyes of the CA.
std::vector<Error> verify(const NamedFile& file,
                          const std::vector<CertificateHandle>& chain,
                          const std::vector<CertificateHandle>& ca) {
  const StoreHandle store{X509_STORE_new()};
  for (const auto& each : ca)
    X509_STORE_add_cert(store.get(), each.get());
  const Handle<STACK_OF(X509),
               [](STACK_OF(X509) * stack) { sk_X509_free(stack); }>
    others{sk_X509_new_null()};
  for (const auto& each : chain)
    if (&each != &chain.front())
      sk_X509_push(others.get(), each.get());
  const StoreContextHandle context{X509_STORE_CTX_new()};
  X509_STORE_CTX_init(context.get(), store.get(), chain.front().get(),
                      others.get());
  const bool good = X509_verify_cert(context.get()) == 1;
  ERR_clear_error();
  if (good)
    return {};
  const auto verdict = X509_STORE_CTX_get_error(context.get());
  return {fault(file, std::string{"is not accepted: "}
                        + X509_verify_cert_error_string(verdict)
                        + advice_on(verdict))};
}

/// Everything that the three files hold.
struct Material {
  std::vector<CertificateHandle> ca;
  std::vector<CertificateHandle> chain; ///< the node's own comes first
  KeyHandle key;
};

/// Nothing where something is wrong.
Material read_material(const LinkConfig& config, std::vector<Error>& faults) {
  Material material;
  const NamedFile certificate_file{"link.certificate_file",
                                   config.certificate_file};
  const NamedFile key_file{"link.key_file", config.key_file};
  auto ca = read_certificates({"link.ca_file", config.ca_file});
  auto chain = read_certificates(certificate_file);
  auto key = read_key(key_file);
  for (const auto* result : {&ca, &chain})
    if (!*result)
      faults.push_back(result->error());
  if (!key)
    faults.push_back(key.error());
  if (!faults.empty())
    return material;
  if (X509_check_private_key(chain->front().get(), key->get()) != 1) {
    ERR_clear_error();
    faults.push_back(fault(key_file, "is not the key of "
                                       + config.certificate_file
                                       + "; give both files of one node"));
  }
  std::ranges::move(verify(certificate_file, *chain, *ca),
                    std::back_inserter(faults));
  material = {std::move(*ca), std::move(*chain), std::move(*key)};
  return material;
}

/// Asked for each certificate of a peer's chain, the node's own last.
int verify_peer(int accepted, X509_STORE_CTX* store) {
  if (accepted == 0 || X509_STORE_CTX_get_error_depth(store) != 0)
    return accepted;
  const auto* ssl = static_cast<SSL*>(
    X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  const auto* rules = static_cast<const PeerRules*>(
    SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  auto* certificate = X509_STORE_CTX_get_current_cert(store);
  if (rules->denies_serial(*certificate)) {
    X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REVOKED);
    return 0;
  }
  if (!rules->knows_name(*certificate)) {
    X509_STORE_CTX_set_error(store, X509_V_ERR_HOSTNAME_MISMATCH);
    return 0;
  }
  return 1;
}

bool equal_names(std::string_view left, std::string_view right) {
  return left.size() == right.size()
         && OPENSSL_strncasecmp(left.data(), right.data(), left.size()) == 0;
}

/// Whether the name is the pattern, or one label more than "*." stands for.
bool matches(std::string_view name, std::string_view pattern) {
  if (!pattern.starts_with("*."))
    return equal_names(name, pattern);
  const auto dot = name.find('.');
  return dot != std::string_view::npos && dot != 0
         && equal_names(name.substr(dot), pattern.substr(1));
}

/// Frees the rules with the context that refers to them.
struct ContextFreer {
  std::shared_ptr<PeerRules> rules;
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

} // namespace

std::string normal_serial(std::string_view text) {
  std::string serial;
  if (text.starts_with("0x") || text.starts_with("0X"))
    text.remove_prefix(2);
  for (const char letter : text) {
    if (letter == ':' || letter == ' ')
      continue;
    if (letter >= '0' && letter <= '9')
      serial += letter;
    else if (letter >= 'a' && letter <= 'f')
      serial += static_cast<char>(letter - 'a' + 'A');
    else if (letter >= 'A' && letter <= 'F')
      serial += letter;
    else
      return {};
  }
  serial.erase(0, std::min(serial.find_first_not_of('0'), serial.size()));
  return serial;
}

std::string serial_of(const x509_st& certificate) {
  const NumberHandle number{
    ASN1_INTEGER_to_BN(X509_get0_serialNumber(&certificate), nullptr)};
  if (!number)
    return {};
  char* text = BN_bn2hex(number.get());
  auto serial = normal_serial(text == nullptr ? "" : text);
  OPENSSL_free(text);
  return serial;
}

std::vector<logic::Error> check_tls_files(const LinkConfig& config) {
  std::vector<Error> faults;
  read_material(config, faults);
  return faults;
}

logic::Result<std::shared_ptr<PeerRules>>
PeerRules::read(const LinkConfig& config) {
  auto rules = std::make_shared<PeerRules>();
  rules->names_ = config.peer_names;
  for (const auto& serial : config.deny_serials)
    rules->denied_.insert(normal_serial(serial));
  if (config.deny_file.empty())
    return rules;
  const NamedFile file{"link.deny_file", config.deny_file};
  errno = 0;
  std::ifstream lines{config.deny_file};
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    line.erase(std::min(line.find('#'), line.size()));
    if (line.find_first_not_of(" \t\r") == line.npos)
      continue;
    line.erase(line.find_last_not_of(" \t\r") + 1);
    const auto serial = normal_serial(line);
    if (serial.empty())
      return fault(file, "holds no serial number in hexadecimal in line "
                           + std::to_string(number)
                           + "; correct it, or put # before a remark");
    rules->denied_.insert(serial);
  }
  if (!lines.eof() || lines.bad())
    return fault(file,
                 "cannot be read: " + std::generic_category().message(errno)
                   + "; put it there, or correct the path or its rights");
  return rules;
}

bool PeerRules::denies_serial(const x509_st& certificate) const {
  return denied_.contains(serial_of(certificate));
}

bool PeerRules::knows_name(x509_st& certificate) const {
  if (names_.empty())
    return true;
  // The wildcards are ours, not the certificate's: whoever signs certificates
  // does not decide whom this node speaks to.
  const auto listed = [this](std::string_view name) {
    return std::ranges::any_of(names_, [name](const std::string& pattern) {
      return matches(name, pattern);
    });
  };
  const Handle<GENERAL_NAMES, GENERAL_NAMES_free> names{
    static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr))};
  for (int at = 0; names && at < sk_GENERAL_NAME_num(names.get()); ++at) {
    const auto* name = sk_GENERAL_NAME_value(names.get(), at);
    if (name->type == GEN_DNS
        && listed(
          {reinterpret_cast<const char*>(
             ASN1_STRING_get0_data(name->d.dNSName)),
           static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName))}))
      return true;
  }
  for (const auto& wanted : names_)
    if (X509_check_ip_asc(&certificate, wanted.c_str(), 0) == 1)
      return true;
  std::array<char, 256> common{};
  const auto size = X509_NAME_get_text_by_NID(
    X509_get_subject_name(&certificate), NID_commonName, common.data(),
    static_cast<int>(common.size()));
  return size > 0 && listed({common.data(), static_cast<std::size_t>(size)});
}

logic::Result<std::shared_ptr<TlsFiles>>
TlsFiles::open(const LinkConfig& config, logic::LogPtr log) {
  std::shared_ptr<TlsFiles> files{new TlsFiles{config, std::move(log)}};
  files->stamps_ = files->stamps();
  auto loaded = files->load();
  if (!loaded)
    return loaded.error();
  files->context_ = std::move(*loaded);
  return files;
}

logic::Result<TlsFiles::Context> TlsFiles::load() const {
  std::vector<Error> faults;
  const auto material = read_material(config_, faults);
  if (!faults.empty())
    return faults.front();
  auto rules = PeerRules::read(config_);
  if (!rules)
    return rules.error();
  Context context{SSL_CTX_new(TLS_method()), ContextFreer{*rules}};
  const auto refused = [] {
    return Error{ErrorCode::invalid_config,
                 "TLS cannot be set up with the files of the section link: "
                   + take_ssl_error()};
  };
  if (!context
      || SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION) != 1
      || SSL_CTX_use_certificate(context.get(), material.chain.front().get())
           != 1
      || SSL_CTX_use_PrivateKey(context.get(), material.key.get()) != 1)
    return refused();
  for (const auto& each : material.chain)
    if (&each != &material.chain.front()
        && SSL_CTX_add1_chain_cert(context.get(), each.get()) != 1)
      return refused();
  for (const auto& each : material.ca)
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), each.get())
          != 1
        || SSL_CTX_add_client_CA(context.get(), each.get()) != 1)
      return refused();
  SSL_CTX_set_app_data(context.get(), rules->get());
  SSL_CTX_set_verify(context.get(),
                     SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                     verify_peer);
  // A ticket would let a peer in again past the check of its certificate.
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context.get(), 0);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE
                                    | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
                                    | SSL_MODE_RELEASE_BUFFERS);
  return context;
}

/// Two numbers that change whenever a file is written or replaced.
std::vector<std::int64_t> TlsFiles::stamps() const {
  std::vector<std::int64_t> result;
  for (const auto* path : {&config_.ca_file, &config_.certificate_file,
                           &config_.key_file, &config_.deny_file}) {
    struct stat status {};
    ::stat(path->c_str(), &status);
    result.push_back(static_cast<std::int64_t>(status.st_ino));
    result.push_back(static_cast<std::int64_t>(status.st_mtim.tv_sec)
                       * 1'000'000'000
                     + status.st_mtim.tv_nsec);
  }
  return result;
}

TlsFiles::Context TlsFiles::context() {
  const std::lock_guard lock{mutex_};
  auto current = stamps();
  if (current == stamps_)
    return context_;
  if (auto loaded = load()) {
    context_ = std::move(*loaded);
    stamps_ = std::move(current);
    log_->info(component, "TLS files changed, new connections use them");
  } else {
    // Maybe one of them is still being written: looked at again.
    log_->limited(std::chrono::steady_clock::now(), logic::LogLevel::warn,
                  component,
                  "changed TLS files cannot be used, keeping the old ones",
                  {{"error", loaded.error().text}});
  }
  return context_;
}

} // namespace millrace::adapters::links
