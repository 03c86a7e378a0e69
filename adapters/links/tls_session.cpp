#include "adapters/links/tls_session.hpp"

#include "adapters/links/openssl_handles.hpp"

#include <algorithm>
#include <climits>
#include <string>
#include <utility>

namespace millrace::adapters::links {

namespace {

using logic::links::Refusal;
using logic::links::RefusalReason;

/// What a peer says of our certificate by an alert, RFC 8446, 6.2.
bool is_alert_on_certificate(int reason) {
  switch (reason) {
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      return true;
    default:
      return false;
  }
}

bool is_no_tls(int reason) {
  switch (reason) {
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_UNKNOWN_PROTOCOL:
    case SSL_R_BAD_PACKET_LENGTH:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_RECORD_LENGTH_MISMATCH:
    case SSL_R_BAD_RECORD_TYPE:
    case SSL_R_UNEXPECTED_MESSAGE:
      return true;
    default:
      return false;
  }
}

Refusal refusal_of(long verdict) {
  const std::string words = X509_verify_cert_error_string(verdict);
  switch (verdict) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return {RefusalReason::expired_certificate,
              "the peer's certificate is out of date: " + words};
    case X509_V_ERR_CERT_REVOKED:
      return {RefusalReason::denied_serial,
              "the peer's certificate is in link.deny_serials"};
    case X509_V_ERR_HOSTNAME_MISMATCH:
      return {RefusalReason::unknown_name,
              "no name of the peer's certificate is in link.peer_names"};
    default:
      return {RefusalReason::untrusted_certificate,
              "the peer's certificate is not of the CA in link.ca_file: "
                + words};
  }
}

} // namespace

void TlsSession::Free::operator()(ssl_st* ssl) const {
  SSL_free(ssl);
}

TlsSession::TlsSession(TlsFiles::Context context, int socket, Side side)
  : context_(std::move(context)), ssl_(SSL_new(context_.get())) {
  if (!ssl_ || SSL_set_fd(ssl_.get(), socket) != 1) {
    failed_ = true;
    refusal_ = {RefusalReason::tls_failed, take_ssl_error()};
  } else if (side == Side::accepting) {
    SSL_set_accept_state(ssl_.get());
  } else {
    SSL_set_connect_state(ssl_.get());
  }
}

std::size_t TlsSession::pending() const {
  return ssl_ ? static_cast<std::size_t>(SSL_pending(ssl_.get())) : 0;
}

TlsSession::Progress TlsSession::shake_hands() {
  const auto result = SSL_do_handshake(ssl_.get());
  if (result == 1) {
    established_ = true;
    return Progress::moved;
  }
  return judge(result) == Progress::moved ? Progress::idle : Progress::failed;
}

/// What became of a call that did not succeed; `moved` where it may later.
TlsSession::Progress TlsSession::judge(int result) {
  const auto error = SSL_get_error(ssl_.get(), result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
    return Progress::moved;
  failed_ = true; // OpenSSL must not be asked again
  note_failure(error);
  return Progress::failed;
}

void TlsSession::note_failure(int error) {
  const auto reason = ERR_GET_REASON(ERR_peek_error());
  const bool said_why = error == SSL_ERROR_SSL;
  const auto words = take_ssl_error();
  if (said_why && is_alert_on_certificate(reason))
    refusal_ = {RefusalReason::refused_by_peer,
                "the peer refuses this node's certificate: " + words};
  else if (established_)
    return; // the link ends, for whatever reason
  else if (!said_why || reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)
    refusal_ = {RefusalReason::hung_up,
                "the peer hung up in the TLS handshake"};
  else if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED)
    refusal_ = refusal_of(SSL_get_verify_result(ssl_.get()));
  else if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE)
    refusal_ = {RefusalReason::no_certificate,
                "the peer showed no certificate"};
  else if (is_no_tls(reason))
    refusal_ = {RefusalReason::not_tls, "the peer speaks no TLS: " + words};
  else
    refusal_ = {RefusalReason::tls_failed,
                "the TLS handshake failed: " + words};
}

TlsSession::Progress TlsSession::read(std::span<std::byte> into,
                                      std::size_t& count) {
  count = 0;
  if (failed_)
    return Progress::failed;
  ERR_clear_error();
  if (!established_)
    if (const auto progress = shake_hands(); progress != Progress::moved)
      return progress == Progress::idle && SSL_want_read(ssl_.get()) != 0
               ? Progress::wants_read
               : progress;
  if (into.empty())
    return Progress::idle;
  const auto got = SSL_read(
    ssl_.get(), into.data(),
    static_cast<int>(std::min<std::size_t>(into.size(), INT_MAX)));
  if (got <= 0)
    return judge(got);
  count = static_cast<std::size_t>(got);
  return Progress::moved;
}

TlsSession::Progress TlsSession::write(std::span<const std::byte> from,
                                       std::size_t& count) {
  count = 0;
  if (failed_)
    return Progress::failed;
  ERR_clear_error();
  if (!established_)
    if (const auto progress = shake_hands(); progress != Progress::moved)
      return progress == Progress::failed     ? progress
             : SSL_want_read(ssl_.get()) != 0 ? Progress::wants_read
                                              : Progress::moved;
  if (from.empty())
    return Progress::idle;
  const auto put = SSL_write(
    ssl_.get(), from.data(),
    static_cast<int>(std::min<std::size_t>(from.size(), INT_MAX)));
  if (put <= 0)
    return judge(put);
  count = static_cast<std::size_t>(put);
  return Progress::moved;
}

} // namespace millrace::adapters::links
