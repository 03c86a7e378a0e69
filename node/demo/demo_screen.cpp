#include "node/demo/demo_screen.hpp"

#include "messages/status.hpp"
#include "node/endpoint/readiness.hpp"

#include <algorithm>
#include <sstream>
#include <string_view>

namespace millrace::node::demo {

namespace {

constexpr double line_interval_s = 2.0;
constexpr std::string_view clear_to_end = "\033[K\n";

std::int64_t lag_of(const messages::ConsumerStatus& consumer) {
  std::int64_t lag = 0;
  for (const auto& partition : consumer.partitions)
    lag += partition.lag_records.value_or(0);
  return lag;
}

std::string reasons_text(const OutputWatch& watch) {
  std::ostringstream text;
  for (const auto& [reason, count] : watch.reasons())
    text << (text.tellp() > 0 ? ", " : "") << reason << ' ' << count;
  return text.str();
}

} // namespace

void DemoScreen::show(const DemoMoment& moment) {
  const double now_s = moment.elapsed.count();
  if (moment.status.consumer)
    consumer_ = *moment.status.consumer;
  const auto records = consumer_.records;
  const double rate = now_s > last_s_
                        ? static_cast<double>(
                            records - std::min(records, last_records_))
                            / (now_s - last_s_)
                        : 0.0;
  if (terminal_) {
    draw_table(moment, rate);
  } else if (now_s - last_line_s_ >= line_interval_s) {
    print_line(moment, rate);
    last_line_s_ = now_s;
  } else {
    return;
  }
  last_s_ = now_s;
  last_records_ = records;
}

void DemoScreen::draw_table(const DemoMoment& moment, double rate) {
  std::ostringstream table;
  int lines = 0;
  auto line = [&](const std::string& name, const std::string& text) {
    table << "  " << name << std::string(16 - name.size(), ' ') << text
          << clear_to_end;
    ++lines;
  };
  const auto& status = moment.status;
  const auto& watch = moment.watch;
  line("state",
       status.failure.empty()
         ? (readiness_of(status).ready ? "ready" : readiness_of(status).reason)
         : status.failure);
  line("read", std::to_string(consumer_.records) + " of "
                 + std::to_string(moment.events) + ", "
                 + std::to_string(static_cast<std::int64_t>(rate))
                 + " a second");
  line("lag", std::to_string(lag_of(consumer_)) + " records on "
                + std::to_string(consumer_.partitions.size()) + " partitions");
  line("credit", std::to_string(100 * consumer_.credit_bytes / budget_bytes_)
                   + " % of " + std::to_string(budget_bytes_ >> 20)
                   + " MiB free");
  line("outputs", std::to_string(watch.outputs()));
  line("dead letters",
       std::to_string(watch.dead_letters()) + "  " + reasons_text(watch));
  line("anomalies", std::to_string(watch.anomalies()));
  for (const auto& anomaly : watch.latest())
    line("", anomaly.user_id.substr(0, 8) + "...  " + anomaly.rules
               + (anomaly.detail.empty() ? "" : ": " + anomaly.detail));
  if (lines_drawn_ > 0)
    out_ << "\033[" << lines_drawn_ << 'A';
  for (; lines < lines_drawn_; ++lines)
    table << clear_to_end;
  lines_drawn_ = lines;
  out_ << table.str() << std::flush;
}

void DemoScreen::print_line(const DemoMoment& moment, double rate) {
  out_ << static_cast<std::int64_t>(moment.elapsed.count()) << " s: read "
       << consumer_.records << " of " << moment.events << " ("
       << static_cast<std::int64_t>(rate) << "/s), lag " << lag_of(consumer_)
       << ", credit " << 100 * consumer_.credit_bytes / budget_bytes_
       << " %, outputs " << moment.watch.outputs() << ", dead letters "
       << moment.watch.dead_letters() << ", anomalies "
       << moment.watch.anomalies() << std::endl;
}

} // namespace millrace::node::demo
