#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <memory>
#include <string>

/// OpenSSL's objects, freed with their handles.
namespace millrace::adapters::links {

template <auto free>
struct Freer {
  template <class T>
  void operator()(T* object) const {
    free(object);
  }
};

template <class T, auto free>
using Handle = std::unique_ptr<T, Freer<free>>;

using BioHandle = Handle<BIO, BIO_free>;
using KeyHandle = Handle<EVP_PKEY, EVP_PKEY_free>;
using CertificateHandle = Handle<X509, X509_free>;
using NameHandle = Handle<X509_NAME, X509_NAME_free>;
using StoreHandle = Handle<X509_STORE, X509_STORE_free>;
using StoreContextHandle = Handle<X509_STORE_CTX, X509_STORE_CTX_free>;
using NumberHandle = Handle<BIGNUM, BN_free>;
using SslHandle = Handle<SSL, SSL_free>;
using ExtensionHandle = Handle<X509_EXTENSION, X509_EXTENSION_free>;

/// What OpenSSL said last in this thread; empties its queue.
inline std::string take_ssl_error() {
  std::string text;
  while (const auto code = ERR_get_error()) {
    const char* reason = ERR_reason_error_string(code);
    if (reason != nullptr)
      text.append(text.empty() ? "" : "; ").append(reason);
  }
  return text.empty() ? "no reason given" : text;
}

} // namespace millrace::adapters::links
