#pragma once

#include <string>
#include <string_view>

namespace millrace::logic {

/// Names people in logs. Whoever has the key can tell whose pseudonym it is;
/// nobody else, not even by trying all user ids. Any thread.
class Pseudonyms {
public:
  virtual ~Pseudonyms() = default;

  /// The same for the same user and key, on every node and in every run.
  virtual std::string pseudonym_of(std::string_view user_id) const = 0;
};

} // namespace millrace::logic
