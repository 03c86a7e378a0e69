#pragma once

#include <boost/json/object.hpp>

#include <string>

namespace millrace::node {

/// A line on who judges what, of the members "judgements" and "links" of the
/// status document: which shards this node has, and by whom its events were
/// judged.
std::string judgements_text(const boost::json::object& judgements,
                            const boost::json::object& links);

/// Questions under way to a peer, and how much it takes at once: "1/512 KiB".
std::string credit_text(const boost::json::object& peer);

} // namespace millrace::node
