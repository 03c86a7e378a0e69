#pragma once

#include "adapters/kafka/state_topic_log.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace millrace::adapters::kafka {

/// Records of a shard that lie under the keys of a former owner who did not
/// give it back, and so may still write there: each is read a second time and
/// written under this owner's keys, unless the owner writes that key anew
/// before. One thread.
class StateTopicMove {
public:
  void begin(std::map<std::string, StateTopicLog::Entry> entries);

  /// Whether all are under this owner's keys, confirmed.
  bool done() const noexcept { return left_.empty(); }

  /// Whether any must still be read.
  bool reads() const noexcept { return !waiting_.empty(); }

  /// The key to write the record at that offset under; null where it is not
  /// wanted. It is under way then, until `on_moved`.
  const std::string* take(std::int64_t offset);

  void on_moved(std::int64_t offset, bool written);

  /// The owner writes these keys, under that number.
  void on_append(std::uint64_t number, const std::string& key);
  void on_appended(std::uint64_t number, bool written);

  /// Whole keys that are needed no more once all is done.
  std::vector<std::string> take_former_keys() {
    return std::move(former_keys_);
  }

private:
  std::map<std::string, std::int64_t> left_; ///< offset by key
  std::map<std::int64_t, std::string> waiting_; ///< key by offset
  std::map<std::int64_t, std::string> moving_;
  std::map<std::uint64_t, std::vector<std::string>> replacing_;
  std::vector<std::string> former_keys_;
};

} // namespace millrace::adapters::kafka
