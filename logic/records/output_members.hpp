#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::logic {

/// The members that the node adds to an event, in the order in which they are
/// written. An input's own members of these names are cut out.
enum class OutputMember : std::uint8_t {
  processed_at,
  event_time,
  ip_class,
  geo,
  anomaly,
  source,
};

/// By `OutputMember`, without a prefix; part of the public interface.
inline constexpr std::array<std::string_view, 6> output_member_names{
  "processed_at", "event_time", "ip_class", "geo", "anomaly", "source"};

inline constexpr std::size_t output_member_count = output_member_names.size();

constexpr std::string_view name_of(OutputMember member) noexcept {
  return output_member_names[static_cast<std::size_t>(member)];
}

/// Whether names with this prefix need no escapes in JSON: letters, digits
/// and any of `_-.@$`, 32 bytes at most.
bool is_member_prefix(std::string_view prefix) noexcept;

/// The members by the names that they have in records: a configured prefix
/// and their own. Immutable.
class OutputMembers {
public:
  /// `prefix` must be one (asserted).
  explicit OutputMembers(std::string_view prefix = {});

  std::string_view name(OutputMember member) const noexcept {
    const auto lead = lead_of(member);
    return lead.substr(2, lead.size() - 4);
  }

  /// `,"geo":`, what stands in front of the member's value behind another.
  std::string_view lead_of(OutputMember member) const noexcept {
    return leads_[static_cast<std::size_t>(member)];
  }

  /// The member of that name, if it is one.
  std::optional<OutputMember> find(std::string_view name) const noexcept {
    if (!name.starts_with(prefix_))
      return std::nullopt;
    name.remove_prefix(prefix_.size());
    for (std::size_t index = 0; index != output_member_count; ++index)
      if (output_member_names[index] == name)
        return static_cast<OutputMember>(index);
    return std::nullopt;
  }
  bool contains(std::string_view name) const noexcept {
    return find(name).has_value();
  }

private:
  std::string prefix_;
  std::array<std::string, output_member_count> leads_; ///< by `OutputMember`
};

} // namespace millrace::logic
