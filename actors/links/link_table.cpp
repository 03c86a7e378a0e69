#include "actors/links/link_table.hpp"

#include <caf/const_typed_message_view.hpp>

#include <algorithm>
#include <utility>

namespace millrace::actors {

Link& LinkTable::add(Link link) {
  const auto id = link.handle.id();
  return links_.emplace(id, std::move(link)).first->second;
}

std::optional<Link> LinkTable::remove(caf::actor_id id) {
  if (auto node = links_.extract(id))
    return std::move(node.mapped());
  return std::nullopt;
}

Link* LinkTable::find(caf::actor_id id) {
  const auto found = links_.find(id);
  return found == links_.end() ? nullptr : &found->second;
}

Link* LinkTable::linked_with(std::uint64_t incarnation) {
  for (auto& [id, link] : links_)
    if (link.node && link.node->incarnation == incarnation)
      return &link;
  return nullptr;
}

bool LinkTable::linked_with(const caf::node_id& node) const {
  return std::ranges::any_of(links_, [&](const auto& entry) {
    return entry.second.node && entry.second.counterpart->node() == node;
  });
}

std::size_t LinkTable::count_linked() const {
  return static_cast<std::size_t>(std::ranges::count_if(
    links_, [](const auto& entry) { return entry.second.node.has_value(); }));
}

bool LinkTable::is_superfluous(std::uint64_t self, std::uint64_t peer,
                               bool inbound) {
  if (peer == self)
    return true;
  const auto* present = linked_with(peer);
  if (present == nullptr)
    return false;
  const bool we_win = self < peer;
  return present->inbound() == inbound || inbound == we_win;
}

std::vector<messages::LinkStatus>
LinkTable::status(std::size_t granted_bytes) const {
  std::vector<messages::LinkStatus> all;
  for (const auto& [id, link] : links_)
    if (link.node)
      all.push_back({*link.node, link.address, link.inbound(), link.round_trip,
                     link.since_ms, granted_bytes});
  std::ranges::sort(
    all, {}, [](const messages::LinkStatus& each) { return each.node.name; });
  return all;
}

std::string reason_of(const caf::error& error) {
  if (auto view = caf::make_const_typed_message_view<std::string>(
        error.context()))
    return get<0>(view);
  return to_string(error);
}

} // namespace millrace::actors
