#include "adapters/links/certificate_expiry.hpp"

#include "adapters/links/openssl_handles.hpp"

#include <openssl/pem.h>

#include <algorithm>
#include <ctime>

namespace millrace::adapters::links {

namespace {

std::optional<std::chrono::sys_seconds> end_of(const X509& certificate) {
  std::tm end{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(&certificate), &end) != 1)
    return std::nullopt;
  return std::chrono::sys_seconds{std::chrono::seconds{timegm(&end)}};
}

} // namespace

std::optional<CertificateExpiry> expiry_of(const std::string& path) {
  std::optional<CertificateExpiry> expiry;
  const BioHandle bio{BIO_new_file(path.c_str(), "re")};
  while (bio) {
    const CertificateHandle next{
      PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)};
    if (!next)
      break;
    if (const auto end = end_of(*next))
      expiry = expiry ? CertificateExpiry{std::min(expiry->first, *end),
                                          std::max(expiry->last, *end)}
                      : CertificateExpiry{*end, *end};
  }
  ERR_clear_error(); // such as that the file ends
  return expiry;
}

} // namespace millrace::adapters::links
