#pragma once

#include <prometheus/collectable.h>

#include <memory>

namespace millrace::node {

class Logging;

/// What the log cannot tell in a log: its file failing, lines held back.
std::shared_ptr<prometheus::Collectable>
make_log_metrics(std::shared_ptr<const Logging> logging);

} // namespace millrace::node
