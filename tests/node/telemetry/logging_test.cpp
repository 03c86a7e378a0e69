#define CAF_SUITE logging

#include "node/telemetry/logging.hpp"

#include "node/telemetry/log_line.hpp"
#include "tests/support/captured_output.hpp"
#include "tests/support/temporary_folder.hpp"

#include "caf/test/dsl.hpp"

#include <boost/json.hpp>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace logic = millrace::logic;
namespace node = millrace::node;
namespace tests = millrace::tests;
using logic::LogField;
using logic::LogLevel;
using node::LogConfig;
using node::Logging;
using node::LogLine;
using tests::CapturedOutput;
namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream{text};
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(line);
  }
  return lines;
}

std::vector<std::string> lines_in(const fs::path& path) {
  std::ifstream file{path};
  std::ostringstream text;
  text << file.rdbuf();
  return lines_of(text.str());
}

struct fixture {
  tests::TemporaryFolder folder;

  LogConfig to_file(const std::string& name) const {
    LogConfig config;
    config.file = folder / name;
    return config;
  }

  static std::shared_ptr<Logging> start(const LogConfig& config) {
    auto started = Logging::start(config);
    CAF_REQUIRE(started.has_value());
    return *started;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(logging_tests, fixture)

CAF_TEST(a_json_line_is_one_object_whatever_is_in_it) {
  const std::string evil = "a\"b\\c\n{\"level\":\"fatal\"}\x01\xff\xe2\x80\xa8";
  const std::vector<LogField> fields{
    {"count", 3},
    {"share", 0.25},
    {"drained", true},
    {"evil", evil},
    {"level", "mine"},
    {"lost", std::numeric_limits<double>::quiet_NaN()},
    {"least", std::numeric_limits<std::int64_t>::min()}};
  const auto text = node::to_json_line(
    LogLine{1'767'225'600'123, LogLevel::warn, "consumer", evil, fields});
  CAF_CHECK_EQUAL(text.find('\n'), std::string::npos);
  const auto object = json::parse(text).as_object();
  CAF_CHECK_EQUAL(object.at("time").as_string(), "2026-01-01T00:00:00.123Z");
  CAF_CHECK_EQUAL(object.at("level").as_string(), "warn");
  CAF_CHECK_EQUAL(object.at("logger").as_string(), "consumer");
  CAF_CHECK_EQUAL(object.at("count").as_int64(), 3);
  CAF_CHECK_EQUAL(object.at("share").as_double(), 0.25);
  CAF_CHECK(object.at("drained").as_bool());
  CAF_CHECK_EQUAL(object.at("level_").as_string(), "mine");
  CAF_CHECK_EQUAL(object.at("lost").as_string(), "nan");
  CAF_CHECK_EQUAL(object.at("least").as_int64(),
                  std::numeric_limits<std::int64_t>::min());
  const std::string expected
    = "a\"b\\c\n{\"level\":\"fatal\"}\x01\xef\xbf\xbd\xe2\x80\xa8";
  CAF_CHECK(object.at("message").as_string() == expected);
  CAF_CHECK(object.at("evil").as_string() == expected);
}

CAF_TEST(a_plain_line_cannot_be_forged_by_a_value) {
  const std::vector<LogField> fields{{"topic", "logins"},
                                     {"text", "two words"},
                                     {"forged", "x\n2026 error consumer: no"},
                                     {"equals", "a=b"},
                                     {"empty", ""},
                                     {"ratio", 1.5},
                                     {"done", false}};
  const auto text = node::to_plain_line(
    LogLine{1'767'225'600'000, LogLevel::info, "consumer", "text", fields});
  CAF_CHECK_EQUAL(text,
                  "2026-01-01T00:00:00.000Z info consumer: text topic=logins "
                  "text=\"two words\" "
                  "forged=\"x\\n2026 error consumer: no\" equals=\"a=b\" "
                  "empty=\"\" ratio=1.5 done=false");
}

CAF_TEST(lines_go_to_stdout_and_to_the_file) {
  auto config = to_file("node.log");
  config.level = "INFO";
  std::string out;
  {
    const CapturedOutput captured{1};
    const auto log = start(config);
    log->debug("node", "unseen");
    log->info("node", "started", {{"port", 9108}});
    out = captured.text();
  }
  const auto printed = lines_of(out);
  CAF_REQUIRE_EQUAL(printed.size(), 1u);
  CAF_CHECK_EQUAL(json::parse(printed[0]).at("port").as_int64(), 9108);
  CAF_CHECK(lines_in(config.file) == printed);
}

CAF_TEST(the_plain_format_can_be_chosen) {
  LogConfig config;
  config.format = "plain";
  std::string out;
  {
    const CapturedOutput captured{1};
    start(config)->error("geoip", "file is broken");
    out = captured.text();
  }
  CAF_CHECK(out.ends_with("Z error geoip: file is broken\n"));
}

CAF_TEST(levels_change_at_run_time_for_all_or_one) {
  auto config = to_file("node.log");
  config.level = "warn";
  const CapturedOutput captured{1};
  const auto log = start(config);
  auto written = [&, seen = std::size_t{0}]() mutable {
    log->debug("consumer", "a");
    log->debug("producer", "a");
    const auto now = lines_in(config.file).size();
    return now - std::exchange(seen, now);
  };
  CAF_CHECK(!log->enabled(LogLevel::info));
  CAF_CHECK_EQUAL(written(), 0u);
  CAF_CHECK(log->set_level("debug", "consumer").has_value());
  CAF_CHECK(log->enabled(LogLevel::debug));
  CAF_CHECK_EQUAL(written(), 1u);
  CAF_CHECK(log->set_level("DEBUG", "").has_value());
  CAF_CHECK_EQUAL(written(), 2u);
  CAF_CHECK(log->set_level("error", "consumer").has_value());
  CAF_CHECK_EQUAL(written(), 1u);
  CAF_CHECK(log->set_level("fatal", "").has_value());
  CAF_CHECK(!log->enabled(LogLevel::error));
  CAF_CHECK_EQUAL(written(), 0u);
  CAF_CHECK(!log->set_level("loud", "").has_value());
  for (int i = 0; i < 64; ++i) {
    CAF_CHECK(log->set_level("info", "l" + std::to_string(i)).has_value());
  }
  CAF_CHECK(!log->set_level("info", "one too many").has_value());
}

CAF_TEST(wrong_settings_are_refused_with_what_to_do) {
  LogConfig config;
  config.level = "loud";
  CAF_CHECK(!Logging::start(config).has_value());
  config.level = "info";
  config.format = "xml";
  CAF_CHECK(!Logging::start(config).has_value());
  config.format = "json";
  std::ofstream{folder / "plain file"} << "x";
  config.file = folder / "plain file/node.log";
  const auto refused = Logging::start(config);
  CAF_REQUIRE(!refused.has_value());
  CAF_CHECK(refused.error().code == logic::ErrorCode::io_failed);
  CAF_CHECK(refused.error().text.find(config.file) != std::string::npos);
  CAF_CHECK(refused.error().text.find("LOG_FILE_PATH") != std::string::npos);
}

CAF_TEST(a_full_disk_is_told_once_and_stdout_goes_on) {
  const auto path = folder / "node.log";
  fs::create_symlink("/dev/full", path);
  std::string out;
  std::string problems;
  {
    const CapturedOutput captured{1};
    const CapturedOutput errors{2};
    const auto log = start(to_file("node.log"));
    CAF_CHECK(!log->file_failing());
    for (int i = 0; i < 5; ++i) {
      log->info("node", "tick", {{"n", i}});
    }
    CAF_CHECK(log->file_failing());
    // Room again: the path is an ordinary file now.
    fs::remove(path);
    CAF_CHECK(log->reopen_file().has_value());
    log->info("node", "tick", {{"n", 5}});
    CAF_CHECK(!log->file_failing());
    out = captured.text();
    problems = errors.text();
  }
  CAF_CHECK_EQUAL(lines_of(out).size(), 6u);
  CAF_CHECK_EQUAL(lines_of(problems).size(), 1u);
  CAF_CHECK(problems.find("No space left") != std::string::npos);
  CAF_CHECK(problems.find(path) != std::string::npos);
  CAF_CHECK_EQUAL(lines_in(path).size(), 1u);
}

CAF_TEST(the_file_is_put_aside_at_its_limit) {
  auto config = to_file("node.log");
  config.max_file_size = {2000};
  config.max_files = 2;
  const CapturedOutput captured{1};
  const auto log = start(config);
  for (int i = 0; i < 200; ++i) {
    log->info("node", "tick", {{"n", i}});
  }
  const auto path = fs::path{config.file};
  std::int64_t last = 199;
  for (const auto* suffix : {"", ".1", ".2"}) {
    const auto file = fs::path{path.string() + suffix};
    CAF_REQUIRE(fs::exists(file));
    CAF_CHECK(fs::file_size(file) <= 2000);
    const auto lines = lines_in(file);
    for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
      CAF_CHECK_EQUAL(json::parse(*line).at("n").as_int64(), last);
      --last;
    }
  }
  CAF_CHECK(last < 190);
  CAF_CHECK(!fs::exists(path.string() + ".3"));
}

CAF_TEST(the_limit_holds_where_nothing_can_be_put_aside) {
  for (const std::int64_t max_files : {0, 1}) {
    auto config = to_file("node" + std::to_string(max_files));
    config.max_file_size = {2000};
    config.max_files = max_files;
    if (max_files > 0) {
      fs::create_directories(fs::path{config.file + ".1"} / "in the way");
    }
    const CapturedOutput captured{1};
    const CapturedOutput errors{2};
    const auto log = start(config);
    for (int i = 0; i < 200; ++i) {
      log->info("node", "tick", {{"n", i}});
    }
    CAF_CHECK(fs::file_size(config.file) <= 2000);
    CAF_CHECK_EQUAL(
      json::parse(lines_in(config.file).back()).at("n").as_int64(), 199);
    CAF_CHECK_EQUAL(errors.text().empty(), max_files == 0);
  }
}

CAF_TEST(an_existing_file_is_appended_to) {
  const auto config = to_file("node.log");
  const CapturedOutput captured{1};
  start(config)->info("node", "first run");
  start(config)->info("node", "second run");
  CAF_CHECK_EQUAL(lines_in(config.file).size(), 2u);
}

CAF_TEST(lines_of_many_threads_stay_whole) {
  const auto config = to_file("node.log");
  const CapturedOutput captured{1};
  const auto log = start(config);
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 4; ++writer) {
    writers.emplace_back([&, writer] {
      for (int i = 0; i < 200; ++i) {
        log->info("node", "tick", {{"writer", writer}, {"n", i}});
      }
    });
  }
  for (auto& writer : writers) {
    writer.join();
  }
  std::array<std::int64_t, 4> next{};
  for (const auto& line : lines_in(config.file)) {
    const auto object = json::parse(line);
    auto& expected
      = next[static_cast<std::size_t>(object.at("writer").as_int64())];
    CAF_CHECK_EQUAL(object.at("n").as_int64(), expected);
    ++expected;
  }
  for (const auto count : next) {
    CAF_CHECK_EQUAL(count, 200);
  }
  CAF_CHECK_EQUAL(lines_of(captured.text()).size(), 800u);
}

CAF_TEST_FIXTURE_SCOPE_END()
