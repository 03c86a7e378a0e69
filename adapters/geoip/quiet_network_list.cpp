#include "adapters/geoip/quiet_network_list.hpp"

#include "adapters/geoip/file_image.hpp"

#include <algorithm>
#include <mutex>
#include <string_view>
#include <utility>

namespace millrace::adapters::geoip {

namespace {

using logic::detection::QuietNetworks;

std::vector<FileSignature>
signatures_of(const std::vector<std::string>& entries) {
  std::vector<FileSignature> signatures;
  for (const auto& entry : entries)
    if (QuietNetworks::is_file(entry))
      signatures.push_back(
        signature_of(std::string{QuietNetworks::path_of(entry)}));
  return signatures;
}

logic::Result<void> add_file(QuietNetworks& networks, const std::string& path) {
  constexpr auto* advice = "; correct the file, or take it out of "
                           "detection.quiet_networks";
  const auto cannot_read = [&](const logic::Error& error) {
    return logic::Error{error.code, "cannot read the quiet networks in \""
                                      + path + "\": " + error.text + advice};
  };
  const auto signature = signature_of(path);
  // A list may well be empty, which no other file that is loaded so is.
  if (signature.inode != 0 && signature.bytes == 0)
    return {};
  const auto image = FileImage::load(path, FileAccess::memory);
  if (!image)
    return cannot_read(image.error());
  if (auto added = networks.add_lines(image->bytes()); !added)
    return cannot_read(added.error());
  return {};
}

logic::Result<std::shared_ptr<const QuietNetworks>>
read(const std::vector<std::string>& entries) {
  auto networks = std::make_shared<QuietNetworks>();
  for (const auto& entry : entries) {
    auto added = QuietNetworks::is_file(entry) ? add_file(
                   *networks, std::string{QuietNetworks::path_of(entry)})
                                               : networks->add(entry);
    if (!added)
      return added.error();
  }
  networks->seal();
  return std::shared_ptr<const QuietNetworks>{std::move(networks)};
}

} // namespace

struct QuietNetworkList::Shared {
  std::vector<std::string> entries;
  std::mutex reload;
  /// What was last tried, whether it could be read or not.
  std::vector<FileSignature> tried;
  mutable std::mutex mutex; ///< guards `current`
  std::shared_ptr<const QuietNetworks> current;
};

QuietNetworkList::QuietNetworkList(std::unique_ptr<Shared> shared)
  : shared_(std::move(shared)) {}

QuietNetworkList::~QuietNetworkList() = default;

logic::Result<std::unique_ptr<QuietNetworkList>>
QuietNetworkList::open(std::vector<std::string> entries) {
  auto shared = std::make_unique<Shared>();
  shared->entries = std::move(entries);
  // Before the files are read: a change meanwhile is seen as one later.
  shared->tried = signatures_of(shared->entries);
  auto networks = read(shared->entries);
  if (!networks)
    return networks.error();
  shared->current = *std::move(networks);
  return std::unique_ptr<QuietNetworkList>{
    new QuietNetworkList{std::move(shared)}};
}

bool QuietNetworkList::has_files() const noexcept {
  return std::ranges::any_of(shared_->entries, QuietNetworks::is_file);
}

logic::Result<bool> QuietNetworkList::reload_if_changed() {
  const std::lock_guard lock{shared_->reload};
  auto now = signatures_of(shared_->entries);
  if (now == shared_->tried)
    return false;
  shared_->tried = std::move(now);
  auto networks = read(shared_->entries);
  if (!networks)
    return networks.error();
  const std::lock_guard publish{shared_->mutex};
  shared_->current = *std::move(networks);
  return true;
}

std::shared_ptr<const QuietNetworks> QuietNetworkList::current() const {
  const std::lock_guard lock{shared_->mutex};
  return shared_->current;
}

} // namespace millrace::adapters::geoip
