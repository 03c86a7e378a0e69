#pragma once

#include "messages/status.hpp"
#include "node/demo/output_watch.hpp"
#include "node/endpoint/node_status.hpp"

#include <chrono>
#include <cstdint>
#include <ostream>
#include <string>

namespace millrace::node::demo {

/// What the screen shows at one moment.
struct DemoMoment {
  std::chrono::duration<double> elapsed{};
  std::uint64_t events = 0; ///< to be generated in all
  NodeStatus status;
  const OutputWatch& watch;
};

/// Shows how the demonstration goes: a table that is drawn over itself on a
/// terminal, a line every two seconds elsewhere.
class DemoScreen {
public:
  DemoScreen(std::ostream& out, bool terminal, std::int64_t budget_bytes)
    : out_(out), terminal_(terminal), budget_bytes_(budget_bytes) {}

  void show(const DemoMoment& moment);

private:
  void draw_table(const DemoMoment& moment, double rate);
  void print_line(const DemoMoment& moment, double rate);

  std::ostream& out_;
  bool terminal_;
  std::int64_t budget_bytes_;
  int lines_drawn_ = 0;
  double last_line_s_ = -10.0;
  double last_s_ = 0.0;
  std::uint64_t last_records_ = 0;
  messages::ConsumerStatus consumer_; ///< as it last answered
};

} // namespace millrace::node::demo
