#define CAF_SUITE state_log

#include "adapters/files/state_log.hpp"

#include "logic/detection/random.hpp"
#include "tests/support/temporary_folder.hpp"

#include "caf/test/dsl.hpp"

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <sys/stat.h>

using namespace millrace;
using adapters::StateLog;
using logic::detection::StateRecord;
using tests::TemporaryFolder;

namespace {

std::vector<StateRecord> read_all(StateLog& log, std::size_t chunk = 1 << 20) {
  std::vector<StateRecord> records;
  for (;;) {
    const auto more = log.read(chunk, records);
    CAF_REQUIRE(more);
    if (!*more)
      return records;
  }
}

StateLog opened(const std::string& path) {
  auto log = StateLog::open(path, 3);
  CAF_REQUIRE(log);
  return std::move(*log);
}

StateRecord some_record(std::uint64_t number, std::size_t bytes = 100) {
  return {"key " + std::to_string(number),
          std::string(bytes, static_cast<char>('a' + number % 26))};
}

bool equal(const std::vector<StateRecord>& a,
           const std::vector<StateRecord>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto& one, const auto& other) {
                      return one.key == other.key && one.value == other.value;
                    });
}

void refuses(const std::string& path, logic::ErrorCode code,
             std::string_view word) {
  const auto log = StateLog::open(path, 3);
  CAF_REQUIRE(!log);
  CAF_CHECK(log.error().code == code);
  CAF_CHECK(log.error().text.find(path) != std::string::npos);
  if (log.error().text.find(word) == std::string::npos)
    CAF_ERROR("'" << log.error().text << "' does not say '" << word << "'");
}

} // namespace

CAF_TEST(records_come_back_in_their_order) {
  const TemporaryFolder folder;
  const auto path = folder / "log";
  std::vector<StateRecord> all;
  for (int life = 0; life != 3; ++life) {
    auto log = opened(path);
    CAF_CHECK(equal(read_all(log), all));
    for (std::uint64_t number = 0; number != 5; ++number) {
      const std::vector<StateRecord> some{some_record(number, 40'000),
                                          {"gone", ""}};
      CAF_REQUIRE(log.append(some));
      all.insert(all.end(), some.begin(), some.end());
    }
    CAF_CHECK(log.sync());
  }
  auto log = opened(path);
  CAF_CHECK(equal(read_all(log, 1), all)); // record after record
  CAF_CHECK_EQUAL(log.bytes(), std::filesystem::file_size(path));
  struct stat status {};
  CAF_REQUIRE_EQUAL(::stat(path.c_str(), &status), 0);
  CAF_CHECK_EQUAL(status.st_mode & 0777, 0600u);
}

CAF_TEST(wherever_it_was_cut_off_whole_records_stay) {
  const TemporaryFolder folder;
  const auto path = folder / "log";
  std::vector<StateRecord> all;
  {
    auto log = opened(path);
    read_all(log);
    for (std::uint64_t number = 0; number != 4; ++number)
      all.push_back(some_record(number, 30));
    CAF_REQUIRE(log.append(all));
  }
  const auto whole = std::filesystem::file_size(path);
  std::size_t fewest = all.size();
  for (auto bytes = whole; bytes-- != 0;) {
    std::filesystem::resize_file(path, bytes);
    auto log = opened(path);
    const auto records = read_all(log);
    CAF_CHECK_LESS(records.size(), all.size());
    CAF_CHECK(equal(
      records, {all.begin(),
                all.begin() + static_cast<std::ptrdiff_t>(records.size())}));
    fewest = std::min(fewest, records.size());
    CAF_REQUIRE_EQUAL(std::filesystem::file_size(path), log.bytes());
  }
  CAF_CHECK_EQUAL(fewest, 0u);
  auto log = opened(path);
  read_all(log);
  CAF_CHECK(log.append({some_record(9)}));
}

CAF_TEST(a_damaged_record_is_passed_over) {
  const TemporaryFolder folder;
  const auto path = folder / "log";
  {
    auto log = opened(path);
    read_all(log);
    CAF_REQUIRE(log.append({some_record(1), some_record(2), some_record(3)}));
  }
  {
    std::fstream file{path, std::ios::in | std::ios::out | std::ios::binary};
    file.seekp(16 + 129 + 60); // within the second
    file.put('X');
  }
  auto log = opened(path);
  CAF_CHECK(equal(read_all(log), {some_record(1), some_record(3)}));
  CAF_CHECK_EQUAL(log.damaged(), 1u);
}

CAF_TEST(what_does_not_count_any_more_is_cleared_away) {
  const TemporaryFolder folder;
  const auto path = folder / "log";
  std::map<std::string, std::string> expected;
  {
    auto log = opened(path);
    read_all(log);
    logic::detection::Random random{4};
    std::uint64_t largest = 0;
    for (int round = 0; round != 200; ++round) {
      std::vector<StateRecord> some;
      for (int i = 0; i != 4; ++i)
        some.push_back(some_record(random.below(20), random.below(40'000)));
      for (const auto& record : some)
        if (record.value.empty())
          expected.erase(record.key);
        else
          expected[record.key] = record.value;
      CAF_REQUIRE(log.append(some));
      if (log.is_worth_compacting())
        CAF_REQUIRE(log.compact());
      largest = std::max(largest, log.bytes());
      CAF_REQUIRE_EQUAL(log.bytes(), std::filesystem::file_size(path));
    }
    // Twice what counts and what was written at once.
    CAF_CHECK_LESS(largest, 2u * 20 * 40'000 + 200'000);
    CAF_CHECK_EQUAL(folder.entries(), 1u);
  }
  auto log = opened(path);
  std::map<std::string, std::string> found;
  for (const auto& record : read_all(log))
    if (record.value.empty())
      found.erase(record.key);
    else
      found[record.key] = record.value;
  CAF_CHECK(found == expected);
}

CAF_TEST(a_rewrite_that_fails_leaves_all_as_it_was) {
  const TemporaryFolder folder;
  const auto path = folder / "log";
  std::filesystem::create_directory(path + ".new"); // in the way
  auto log = opened(path);
  read_all(log);
  std::vector<StateRecord> all;
  for (int i = 0; i != 60; ++i) {
    all.push_back(some_record(1, 40'000));
    CAF_REQUIRE(log.append({all.back()}));
  }
  CAF_REQUIRE(log.is_worth_compacting());
  const auto failed = log.compact();
  CAF_REQUIRE(!failed);
  CAF_CHECK(failed.error().text.find("cannot rewrite") == 0);
  CAF_CHECK(!log.is_worth_compacting()); // not at once again
  CAF_CHECK(log.append({all.back()}));
  all.push_back(all.back());
  auto again = opened(path);
  CAF_CHECK(equal(read_all(again), all));
}

CAF_TEST(what_is_no_state_file_is_refused_and_stays) {
  const TemporaryFolder folder;
  folder.write("text", "dear diary, today nothing happened");
  refuses(folder / "text", logic::ErrorCode::malformed,
          "is not one of millrace's");
  CAF_CHECK_EQUAL(std::filesystem::file_size(folder / "text"), 34u);
  folder.write("short", "dear");
  refuses(folder / "short", logic::ErrorCode::malformed,
          "is not one of millrace's");
  folder.write("newer", std::string("MLRSTATE\x02\0\0\0\x03\0\0\0", 16));
  refuses(folder / "newer", logic::ErrorCode::unsupported,
          "has format version 2");
  folder.write("other", std::string("MLRSTATE\x01\0\0\0\x04\0\0\0", 16));
  refuses(folder / "other", logic::ErrorCode::malformed, "holds shard 4");
  refuses(folder / "no/log", logic::ErrorCode::io_failed, "No such file");
  CAF_REQUIRE_EQUAL(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  refuses(folder / "pipe", logic::ErrorCode::io_failed, "not a regular file");
}
