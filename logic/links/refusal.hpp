#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// Why two nodes do not link.
namespace millrace::logic::links {

/// Numbers travel between nodes: append only, never renumber.
enum class RefusalReason : std::uint8_t {
  none = 0,
  not_tls = 1, ///< whatever it speaks, it is no TLS
  no_certificate = 2,
  untrusted_certificate = 3, ///< not of our CA
  expired_certificate = 4, ///< or not valid yet
  denied_serial = 5,
  unknown_name = 6, ///< no name of the certificate is in link.peer_names
  refused_by_peer = 7, ///< it does not like our certificate
  tls_failed = 8,
  silence = 9, ///< connected and said nothing
  hung_up = 10, ///< went before all was said
  malformed = 11, ///< bytes that are no message
  forbidden = 12, ///< a message that no node sends to another
  too_many = 13, ///< connections or links
  other_protocol = 14,
  other_cluster = 15, ///< another consumer group
  other_topics = 16,
  other_version = 17,
  other_settings = 18,
  duplicate = 19, ///< the two are linked already
  no_hello = 20, ///< reached, but the node there does not answer
};

struct RefusalTraits {
  RefusalReason reason = RefusalReason::none;
  std::string_view name; ///< in logs and metrics
};

/// By `RefusalReason`.
inline constexpr std::array refusal_table{
  RefusalTraits{RefusalReason::none, "none"},
  RefusalTraits{RefusalReason::not_tls, "not_tls"},
  RefusalTraits{RefusalReason::no_certificate, "no_certificate"},
  RefusalTraits{RefusalReason::untrusted_certificate, "untrusted_certificate"},
  RefusalTraits{RefusalReason::expired_certificate, "expired_certificate"},
  RefusalTraits{RefusalReason::denied_serial, "denied_serial"},
  RefusalTraits{RefusalReason::unknown_name, "unknown_name"},
  RefusalTraits{RefusalReason::refused_by_peer, "refused_by_peer"},
  RefusalTraits{RefusalReason::tls_failed, "tls_failed"},
  RefusalTraits{RefusalReason::silence, "silence"},
  RefusalTraits{RefusalReason::hung_up, "hung_up"},
  RefusalTraits{RefusalReason::malformed, "malformed"},
  RefusalTraits{RefusalReason::forbidden, "forbidden"},
  RefusalTraits{RefusalReason::too_many, "too_many"},
  RefusalTraits{RefusalReason::other_protocol, "other_protocol"},
  RefusalTraits{RefusalReason::other_cluster, "other_cluster"},
  RefusalTraits{RefusalReason::other_topics, "other_topics"},
  RefusalTraits{RefusalReason::other_version, "other_version"},
  RefusalTraits{RefusalReason::other_settings, "other_settings"},
  RefusalTraits{RefusalReason::duplicate, "duplicate"},
  RefusalTraits{RefusalReason::no_hello, "no_hello"},
};

inline constexpr std::size_t refusal_count = refusal_table.size();

static_assert(
  [] {
    for (std::size_t index = 0; index != refusal_table.size(); ++index)
      if (static_cast<std::size_t>(refusal_table[index].reason) != index)
        return false;
    return true;
  }(),
  "refusal_table is indexed by RefusalReason");

/// The enumerator's name. A number of a later version has none: "unknown".
constexpr std::string_view to_string(RefusalReason reason) noexcept {
  const auto index = static_cast<std::size_t>(reason);
  return index < refusal_table.size() ? refusal_table[index].name : "unknown";
}

/// Why a link did not come about. `text` says it for people, with what differs
/// and what to do; both sides log the same.
struct Refusal {
  RefusalReason reason = RefusalReason::none;
  std::string text;

  friend bool operator==(const Refusal&, const Refusal&) = default;
};

} // namespace millrace::logic::links
