#define CAF_SUITE load_run

#include "node/load/load_run.hpp"

#include "caf/test/dsl.hpp"

#include "logic/generation/send_schedule.hpp"

#include <sstream>

using namespace millrace::node;
using millrace::logic::Result;
using millrace::logic::generation::LoginGenerator;
using millrace::logic::generation::SendSchedule;

namespace {

/// Takes so many records between two calls of `make_room`.
class NarrowSink : public LoadSink {
public:
  explicit NarrowSink(std::size_t width) : width_(width) {}

  bool write(const Record& record) override {
    if (room_ == 0)
      return false;
    --room_;
    intended_ms.push_back(record.intended_ms);
    return true;
  }
  void make_room() override { room_ = width_; }
  void poll() override {}
  Result<void> finish() override { return {}; }
  std::uint64_t delivered() const override { return intended_ms.size(); }
  std::uint64_t failed() const override { return 0; }
  bool broken() const override { return false; }

  std::vector<std::int64_t> intended_ms;

private:
  std::size_t width_;
  std::size_t room_ = 0;
};

LoginGenerator make() {
  auto generator = LoginGenerator::create({});
  CAF_REQUIRE(generator.has_value());
  return std::move(*generator);
}

LoadOptions quiet(double rate, std::uint64_t count) {
  LoadOptions options;
  options.rate = rate;
  options.count = count;
  options.quiet = true;
  return options;
}

bool never(std::chrono::microseconds) {
  return false;
}

} // namespace

CAF_TEST(a_schedule_depends_on_the_rate_alone) {
  const SendSchedule schedule{1000.0};
  CAF_CHECK_EQUAL(schedule.due(0), 1U);
  CAF_CHECK_EQUAL(schedule.due(999), 1U);
  CAF_CHECK_EQUAL(schedule.due(1000), 2U);
  CAF_CHECK_EQUAL(schedule.due(1'000'000), 1001U);
  CAF_CHECK_EQUAL(schedule.intended_us(1000), 1'000'000);
  const SendSchedule unpaced{0.0};
  CAF_CHECK_EQUAL(unpaced.due(0), SendSchedule::unlimited);
}

CAF_TEST(intended_times_are_kept_while_the_sink_is_full) {
  auto generator = make();
  NarrowSink sink{7};
  std::ostringstream log;
  LoadCounts counts;
  const auto code = run_load(generator, quiet(1e6, 5000), sink, never, log,
                             &counts);
  CAF_CHECK(code == ExitCode::success);
  CAF_CHECK_EQUAL(counts.sent, 5000U);
  CAF_REQUIRE_EQUAL(sink.intended_ms.size(), 5000U);
  for (std::size_t index = 0; index != 5000; ++index)
    CAF_REQUIRE_EQUAL(sink.intended_ms[index],
                      sink.intended_ms[0]
                        + static_cast<std::int64_t>(index) / 1000);
  CAF_CHECK(log.str().find("sent 5000 records") != std::string::npos);
}

CAF_TEST(a_stop_ends_an_endless_run_with_counts) {
  auto generator = make();
  NarrowSink sink{1000};
  std::ostringstream log;
  LoadCounts counts;
  int asked = 0;
  const auto stop = [&asked](std::chrono::microseconds) {
    return ++asked == 5;
  };
  const auto code = run_load(generator, quiet(0.0, 0), sink, stop, log,
                             &counts);
  CAF_CHECK(code == ExitCode::success);
  CAF_CHECK(counts.sent > 0);
  CAF_CHECK_EQUAL(counts.sent, sink.delivered());
  CAF_CHECK(log.str().find("sent " + std::to_string(counts.sent))
            != std::string::npos);
}

CAF_TEST(lines_without_end_are_stopped_by_the_count) {
  millrace::logic::generation::GeneratorConfig config;
  config.lines = std::make_shared<const std::vector<std::string>>(
    std::vector<std::string>{"a", "b"});
  auto generator = LoginGenerator::create(config);
  CAF_REQUIRE(generator.has_value());
  std::ostringstream out;
  std::ostringstream log;
  const auto sink = make_line_sink(out);
  CAF_CHECK(run_load(*generator, quiet(0.0, 3), *sink, never, log)
            == ExitCode::success);
  CAF_CHECK_EQUAL(out.str(), "a\nb\na\n");
}

CAF_TEST(a_reader_that_went_away_ends_the_run) {
  auto generator = make();
  std::ostringstream out;
  out.setstate(std::ios::failbit);
  std::ostringstream log;
  const auto sink = make_line_sink(out);
  CAF_CHECK(run_load(generator, quiet(0.0, 0), *sink, never, log)
            == ExitCode::failure);
  CAF_CHECK(log.str().find("cannot write the lines") != std::string::npos);
}
