#include "node/endpoint/judgements_text.hpp"

#include <boost/json/value.hpp>

#include <cstdint>
#include <cstdio>
#include <optional>

namespace millrace::node {

namespace {

namespace json = boost::json;

std::optional<std::int64_t> number_of(const json::object& object,
                                      const char* name) {
  const auto* value = object.if_contains(name);
  std::int64_t number = 0;
  if (value == nullptr)
    return std::nullopt;
  boost::system::error_code fault;
  number = value->to_number<std::int64_t>(fault);
  return fault ? std::nullopt : std::optional{number};
}

std::string text_of(const json::object& object, const char* name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || !value->is_string() || value->get_string().empty())
    return "-";
  return std::string{value->get_string()};
}

} // namespace

std::string judgements_text(const json::object& judgements,
                            const json::object& links) {
  const auto count = [&](const char* name) {
    return static_cast<double>(number_of(judgements, name).value_or(0));
  };
  const auto all = count("here") + count("elsewhere") + count("unjudged");
  const auto share = [&](const char* name) {
    char text[16];
    // Two digits: one in a thousand that nobody judged matters.
    std::snprintf(text, sizeof text, "%.2f %%",
                  all == 0 ? 0.0 : 100 * count(name) / all);
    return std::string{text};
  };
  auto line = "shards here " + text_of(links, "shards");
  if (count("unowned_count") > 0)
    line += ", without an owner " + text_of(judgements, "unowned");
  return line + "; judged here " + share("here") + ", elsewhere "
         + share("elsewhere") + ", not at all " + share("unjudged");
}

std::string credit_text(const json::object& peer) {
  const auto credit = number_of(peer, "credit_bytes");
  if (!credit)
    return "-";
  const auto kib = [](std::int64_t bytes) {
    return std::to_string((bytes + 1023) / 1024);
  };
  return kib(number_of(peer, "asked_bytes").value_or(0)) + '/' + kib(*credit)
         + " KiB";
}

} // namespace millrace::node
