#include "adapters/links/certificate_authority.hpp"

#include "adapters/files/file_descriptor.hpp"
#include "adapters/links/openssl_handles.hpp"
#include "adapters/links/tls_files.hpp"
#include "logic/geo/ip_address.hpp"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace millrace::adapters::links {

namespace {

using logic::Error;
using logic::ErrorCode;
using logic::Result;

constexpr std::size_t longest_name = 64; ///< of a common name, RFC 5280
constexpr mode_t for_owner = 0600;
constexpr mode_t for_all = 0644;
/// A CA outlives what it signs.
constexpr std::chrono::hours ca_validity{std::chrono::days{3650}};

Error io_error(const std::string& what, const std::string& path) {
  return {ErrorCode::io_failed, "cannot " + what + " " + path + ": "
                                  + std::generic_category().message(errno)};
}

Error ssl_error(const std::string& what) {
  return {ErrorCode::io_failed, "cannot " + what + ": " + take_ssl_error()};
}

/// Both file and name: letters, digits, dots, hyphens; no way out of the
/// folder.
bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= longest_name && text.front() != '.'
         && text.front() != '-' && std::ranges::all_of(text, [](char letter) {
              return (letter >= 'a' && letter <= 'z')
                     || (letter >= 'A' && letter <= 'Z')
                     || (letter >= '0' && letter <= '9') || letter == '-'
                     || letter == '.' || letter == '_';
            });
}

struct Pair {
  CertificateHandle certificate;
  KeyHandle key;
};

bool add_extension(X509* certificate, X509* issuer, int kind,
                   const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const ExtensionHandle extension{
    X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str())};
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool set_random_serial(X509* certificate) {
  // 127 bits: positive and of fixed length in DER.
  std::array<unsigned char, 16> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
    return false;
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7FU) | 0x40U);
  const NumberHandle number{
    BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr)};
  return number
         && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate))
              != nullptr;
}

/// The clocks of two machines differ.
constexpr std::chrono::minutes earlier{5};

/// A key and a certificate of it, not signed yet.
std::optional<Pair> new_pair(const std::string& name,
                             std::chrono::hours validity) {
  Pair pair;
  pair.key.reset(EVP_EC_gen("P-256"));
  pair.certificate.reset(X509_new());
  auto* certificate = pair.certificate.get();
  if (!pair.key || certificate == nullptr
      || X509_set_version(certificate, X509_VERSION_3) != 1
      || !set_random_serial(certificate)
      || X509_set_pubkey(certificate, pair.key.get()) != 1)
    return std::nullopt;
  const auto in_seconds = std::chrono::seconds{validity}.count();
  X509_gmtime_adj(X509_getm_notBefore(certificate),
                  -std::chrono::seconds{earlier}.count());
  X509_gmtime_adj(X509_getm_notAfter(certificate),
                  static_cast<long>(in_seconds));
  const auto* text = reinterpret_cast<const unsigned char*>(name.c_str());
  if (X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN",
                                 MBSTRING_UTF8, text, -1, -1, 0)
      != 1)
    return std::nullopt;
  return pair;
}

bool sign(X509* certificate, X509* issuer, EVP_PKEY* key) {
  return X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1
         && add_extension(certificate, issuer, NID_subject_key_identifier,
                          "hash")
         && add_extension(certificate, issuer, NID_authority_key_identifier,
                          "keyid")
         && X509_sign(certificate, key, EVP_sha256()) > 0;
}

Result<Pair> make_ca() {
  auto pair = new_pair("millrace private CA", ca_validity);
  if (!pair)
    return ssl_error("make a CA");
  auto* certificate = pair->certificate.get();
  if (!add_extension(certificate, certificate, NID_basic_constraints,
                     "critical,CA:TRUE,pathlen:0")
      || !add_extension(certificate, certificate, NID_key_usage,
                        "critical,keyCertSign,cRLSign")
      || !sign(certificate, certificate, pair->key.get()))
    return ssl_error("make a CA");
  return std::move(*pair);
}

std::string alternative_names(const std::string& node,
                              const std::vector<std::string>& further) {
  std::string text = "DNS:" + node;
  for (const auto& name : further)
    text += (logic::geo::parse_ip(name) ? ",IP:" : ",DNS:") + name;
  return text;
}

Result<Pair> make_node(const std::string& node,
                       const CertificateRequest& request, const Pair& ca) {
  auto pair = new_pair(node, request.validity);
  if (!pair)
    return ssl_error("make a certificate of " + node);
  auto* certificate = pair->certificate.get();
  auto* issuer = ca.certificate.get();
  if (!add_extension(certificate, issuer, NID_basic_constraints,
                     "critical,CA:FALSE")
      || !add_extension(certificate, issuer, NID_key_usage,
                        "critical,digitalSignature")
      || !add_extension(certificate, issuer, NID_ext_key_usage,
                        "serverAuth,clientAuth")
      || !add_extension(certificate, issuer, NID_subject_alt_name,
                        alternative_names(node, request.further_names))
      || !sign(certificate, issuer, ca.key.get()))
    return ssl_error("make a certificate of " + node);
  return std::move(*pair);
}

// -- Files --------------------------------------------------------------------

Result<void> write_new(const std::string& path, BIO* text, mode_t mode) {
  FileDescriptor file{
    ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)};
  if (!file.is_open())
    return io_error("write", path);
  const char* bytes = nullptr;
  auto left = BIO_get_mem_data(text, &bytes);
  while (left > 0) {
    const auto put = ::write(file.get(), bytes, static_cast<std::size_t>(left));
    if (put < 0)
      return io_error("write", path);
    bytes += put;
    left -= put;
  }
  // The umask may have taken away what others need, never given more.
  ::fchmod(file.get(), mode);
  if (!file.close())
    return io_error("write", path);
  return {};
}

Result<void> write_pair(const Pair& pair, const std::string& certificate_file,
                        const std::string& key_file) {
  const BioHandle key{BIO_new(BIO_s_mem())};
  const BioHandle certificate{BIO_new(BIO_s_mem())};
  if (PEM_write_bio_PKCS8PrivateKey(key.get(), pair.key.get(), nullptr, nullptr,
                                    0, nullptr, nullptr)
        != 1
      || PEM_write_bio_X509(certificate.get(), pair.certificate.get()) != 1)
    return ssl_error("write " + key_file);
  if (auto written = write_new(key_file, key.get(), for_owner); !written)
    return written;
  return write_new(certificate_file, certificate.get(), for_all);
}

bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

Result<Pair> read_ca(const std::string& certificate_file,
                     const std::string& key_file) {
  Pair pair;
  const BioHandle certificate{BIO_new_file(certificate_file.c_str(), "re")};
  if (certificate)
    pair.certificate.reset(
      PEM_read_bio_X509(certificate.get(), nullptr, nullptr, nullptr));
  const BioHandle key{BIO_new_file(key_file.c_str(), "re")};
  if (key)
    pair.key.reset(
      PEM_read_bio_PrivateKey(key.get(), nullptr, nullptr, nullptr));
  if (!pair.certificate || !pair.key
      || X509_check_private_key(pair.certificate.get(), pair.key.get()) != 1) {
    const auto reason = take_ssl_error();
    return Error{ErrorCode::io_failed,
                 certificate_file + " and " + key_file
                   + " are no CA and its key that can be read (" + reason
                   + "); give the folder of a CA, or an empty one"};
  }
  return pair;
}

struct Files {
  std::string certificate;
  std::string key;
};

Files files_of(const std::string& folder, const std::string& name) {
  return {folder + "/" + name + ".crt", folder + "/" + name + ".key"};
}

Result<void> check_request(const CertificateRequest& request) {
  const auto refuse = [](std::string text) {
    return Error{ErrorCode::invalid_argument, std::move(text)};
  };
  std::vector<std::string> seen{"ca"};
  for (const auto& node : request.nodes) {
    if (!is_name(node))
      return refuse("'" + node
                    + "' is no name of a node: up to 64 letters, digits, dots, "
                      "hyphens and underscores");
    if (std::ranges::find(seen, node) != seen.end())
      return refuse("the name '" + node + "' is taken");
    seen.push_back(node);
    const auto files = files_of(request.folder, node);
    for (const auto& path : {files.certificate, files.key})
      if (exists(path))
        return refuse(path
                      + " exists and is not written over; move it away, "
                        "or give another --folder");
  }
  for (const auto& name : request.further_names)
    if (!is_name(name) && !logic::geo::parse_ip(name)
        && !(name.starts_with("*.") && is_name(name.substr(2))))
      return refuse("'" + name + "' is neither a DNS name nor an address");
  return {};
}

} // namespace

Result<IssuedCertificates>
issue_certificates(const CertificateRequest& request) {
  if (auto checked = check_request(request); !checked)
    return checked.error();
  if (::mkdir(request.folder.c_str(), 0700) != 0 && errno != EEXIST)
    return io_error("make the folder", request.folder);
  const auto ca_files = files_of(request.folder, "ca");
  IssuedCertificates issued;
  issued.ca_file = ca_files.certificate;
  issued.made_ca = !exists(ca_files.certificate) && !exists(ca_files.key);
  auto ca = issued.made_ca ? make_ca()
                           : read_ca(ca_files.certificate, ca_files.key);
  if (!ca)
    return ca.error();
  if (issued.made_ca)
    if (auto written = write_pair(*ca, ca_files.certificate, ca_files.key);
        !written)
      return written.error();
  for (const auto& node : request.nodes) {
    auto pair = make_node(node, request, *ca);
    if (!pair)
      return pair.error();
    const auto files = files_of(request.folder, node);
    if (auto written = write_pair(*pair, files.certificate, files.key);
        !written)
      return written.error();
    issued.nodes.push_back(
      {node, files.certificate, files.key, serial_of(*pair->certificate)});
  }
  return issued;
}

} // namespace millrace::adapters::links
