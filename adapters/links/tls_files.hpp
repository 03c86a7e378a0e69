#pragma once

#include "adapters/links/link_config.hpp"
#include "logic/core/log.hpp"
#include "logic/core/result.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

struct ssl_ctx_st;
struct x509_st;

namespace millrace::adapters::links {

/// A serial number as compared: capital hexadecimal without leading zeros,
/// blanks and colons. Empty where the text is none.
std::string normal_serial(std::string_view text);

/// The certificate's, in that form.
std::string serial_of(const x509_st& certificate);

/// What is wrong with the three files of `config`, which are all set: each
/// fault names its setting, the file and what to do.
std::vector<logic::Error> check_tls_files(const LinkConfig& config);

/// Who may be linked of those whose certificate the CA signed.
class PeerRules {
public:
  /// Settings and what stands in `link.deny_file`; the error names the line.
  static logic::Result<std::shared_ptr<PeerRules>>
  read(const LinkConfig& config);

  bool denies_serial(const x509_st& certificate) const;
  bool knows_name(x509_st& certificate) const;

private:
  std::vector<std::string> names_;
  std::set<std::string> denied_;
};

/// The files of TLS as OpenSSL needs them: TLS 1.3, a certificate asked of
/// both sides, checked against the CA and the rules. Reads them, and the deny
/// list, again when one changed; as long as what is new does not fit together
/// the old is kept. Any thread.
class TlsFiles {
public:
  using Context = std::shared_ptr<ssl_ctx_st>;

  static logic::Result<std::shared_ptr<TlsFiles>> open(const LinkConfig& config,
                                                       logic::LogPtr log);

  /// For the next connection.
  Context context();

private:
  TlsFiles(const LinkConfig& config, logic::LogPtr log)
    : config_(config), log_(std::move(log)) {}

  logic::Result<Context> load() const;
  std::vector<std::int64_t> stamps() const;

  LinkConfig config_;
  logic::LogPtr log_;
  std::mutex mutex_;
  Context context_;
  std::vector<std::int64_t> stamps_;
};

} // namespace millrace::adapters::links
