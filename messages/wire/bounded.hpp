#pragma once

#include <caf/string_view.hpp>

#include <cstddef>
#include <string>
#include <utility>

/// Fields of messages that travel, with a limit on their size. A frame is
/// bounded before it is decoded (`logic::links::WireGate`), so that no count
/// in it can make the decoder ask for more than the frame's own size.
namespace millrace::messages::wire {

/// A text or a list of at most `most` bytes or elements; more is an error of
/// the message, which is dropped whole.
template <class Inspector, class Sequence>
auto bounded(Inspector& f, caf::string_view name, Sequence& field,
             std::size_t most) {
  return f.field(
    name, [&field]() -> const Sequence& { return field; },
    [&field, most](Sequence&& value) {
      if (value.size() > most)
        return false;
      field = std::move(value);
      return true;
    });
}

} // namespace millrace::messages::wire
