#pragma once

#include "node/endpoint/text_table.hpp"

#include <boost/json/object.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace millrace::node {

/// The document behind `/status` as lines of text for people: the node, its
/// partitions, and the tree with a line for each actor. What the document
/// does not say is drawn as "-"; control characters as blanks, so that no
/// error text can order the terminal about.
std::string draw_status(const boost::json::object& status,
                        const StatusCanvas& canvas);

/// Lines of text as they are to be sent to a terminal of `rows` lines (ECMA-48)
/// to stand in place of what was sent before: as many as fit, from the top.
/// The last row stays empty, so that nothing scrolls.
std::string redrawn(std::string_view lines, std::size_t rows);

} // namespace millrace::node
