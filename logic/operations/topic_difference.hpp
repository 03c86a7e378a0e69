#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What topics should be, what they are, and how the two differ.
namespace millrace::logic {

struct TopicWish {
  std::string name;
  std::optional<std::int32_t> partitions; ///< none: as many as there are
  std::optional<std::int32_t> replication; ///< none: as the brokers like
  std::map<std::string, std::string> settings; ///< as `cleanup.policy`
};

struct TopicFacts {
  std::string name;
  std::int32_t partitions = 0;
  std::int32_t replication = 0;
  /// All that are in force; none where this user may not ask.
  std::optional<std::map<std::string, std::string>> settings;
};

enum class TopicDifferenceKind : std::uint8_t {
  missing,
  fewer_partitions,
  more_partitions,
  replication,
  setting,
  unknown_settings, ///< wanted, and this user may not ask
};

/// The kind in one word, as it is printed.
std::string_view to_string(TopicDifferenceKind kind) noexcept;

struct TopicDifference {
  TopicDifferenceKind kind = TopicDifferenceKind::missing;
  std::string topic;
  std::string setting; ///< its name, where the kind is of settings
  std::string wanted; ///< of a missing topic its partitions, where said
  std::string found;

  friend bool operator==(const TopicDifference&, const TopicDifference&)
    = default;
};

/// In the order of the wishes; empty where all is as it should be. Topics that
/// nobody wished for are none of it.
std::vector<TopicDifference> differences(std::span<const TopicWish> wishes,
                                         std::span<const TopicFacts> facts);

} // namespace millrace::logic
