#pragma once

#include "logic/core/result.hpp"
#include "logic/detection/quiet_networks.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace millrace::adapters::geoip {

/// The quiet networks of a configuration, from its entries and the files that
/// they name. All methods may be called from any thread.
class QuietNetworkList {
public:
  /// Reads every file; without entries the list is empty. The error names the
  /// file and the line.
  static logic::Result<std::unique_ptr<QuietNetworkList>>
  open(std::vector<std::string> entries);

  ~QuietNetworkList();
  QuietNetworkList(const QuietNetworkList&) = delete;
  QuietNetworkList& operator=(const QuietNetworkList&) = delete;

  bool has_files() const noexcept;

  /// Reads all anew if one of the files changed. True: `current` answers with
  /// the new list. An error leaves the old one in use, and is returned once
  /// for each change.
  logic::Result<bool> reload_if_changed();

  std::shared_ptr<const logic::detection::QuietNetworks> current() const;

private:
  struct Shared;

  explicit QuietNetworkList(std::unique_ptr<Shared> shared);

  std::unique_ptr<Shared> shared_;
};

} // namespace millrace::adapters::geoip
