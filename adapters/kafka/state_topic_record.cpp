#include "adapters/kafka/state_topic_record.hpp"

#include <charconv>

namespace millrace::adapters::kafka {

namespace {

constexpr std::string_view claim_prefix = "owner/";
constexpr std::string_view release_prefix = "released/";

} // namespace

std::optional<std::uint64_t> parse_number(std::string_view text) noexcept {
  std::uint64_t number = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, fault] = std::from_chars(text.data(), end, number);
  if (fault != std::errc{} || stop != end)
    return std::nullopt;
  return number;
}

StateTopicKey parse_state_topic_key(std::string_view key) noexcept {
  using Kind = StateTopicKey::Kind;
  if (key.starts_with(claim_prefix))
    return {Kind::claim, 0, {}};
  if (key.starts_with(release_prefix))
    return {Kind::release, 0, {}};
  const auto slash = key.find('/');
  if (slash == std::string_view::npos)
    return {};
  const auto base = parse_number(key.substr(0, slash));
  if (!base)
    return {};
  return {Kind::state, *base, key.substr(slash + 1)};
}

std::string to_state_key(StateGeneration base, std::string_view key) {
  auto text = std::to_string(base);
  text += '/';
  text += key;
  return text;
}

std::string to_claim_key(std::uint64_t random) {
  return std::string{claim_prefix} + std::to_string(random);
}

std::string to_release_key(StateGeneration generation) {
  return std::string{release_prefix} + std::to_string(generation);
}

std::string to_text(const StateClaim& claim) {
  return std::to_string(claim.group_generation) + ' '
         + std::to_string(claim.after);
}

std::optional<StateClaim> parse_state_claim(std::string_view text) noexcept {
  const auto blank = text.find(' ');
  if (blank == std::string_view::npos)
    return std::nullopt;
  const auto group_generation = parse_number(text.substr(0, blank));
  const auto after = parse_number(text.substr(blank + 1));
  if (!group_generation || !after)
    return std::nullopt;
  return StateClaim{static_cast<std::int64_t>(*group_generation), *after};
}

} // namespace millrace::adapters::kafka
