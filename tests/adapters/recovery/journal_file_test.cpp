#define CAF_SUITE journal_file

#include "adapters/recovery/journal_file.hpp"

#include "tests/support/child_process.hpp"
#include "tests/support/temporary_folder.hpp"

#include "caf/test/dsl.hpp"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>

#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace millrace;
using namespace millrace::logic;
using adapters::JournalFile;
using tests::TemporaryFolder;

namespace {

JournalFile open(const std::string& path, std::size_t bytes) {
  auto file = JournalFile::open(path, bytes);
  if (!file)
    CAF_FAIL(file.error().text);
  return std::move(*file);
}

/// What is wrong with this, as error or as text; empty if it is as expected.
std::string unexpected(const Result<JournalFile>& file, const std::string& path,
                       ErrorCode code, std::string_view word) {
  if (file)
    return path + " was opened";
  const auto& error = file.error();
  return error.code == code && error.text.find(path) != std::string::npos
             && error.text.find(word) != std::string::npos
           ? ""
           : "not as expected: " + error.text;
}

void refuses(const std::string& path, ErrorCode code, std::string_view word) {
  CAF_CHECK_EQUAL(unexpected(JournalFile::open(path, 4096), path, code, word),
                  "");
}

/// Mounts 64 KiB there, which only this process sees and which go with it.
/// False if this machine does not let us.
bool mount_small_disk(const std::string& where) {
  const auto own = [](::id_t id) {
    return std::to_string(id) + ' ' + std::to_string(id) + " 1";
  };
  const auto user = own(::geteuid());
  const auto group = own(::getegid());
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
    return false;
  std::ofstream{"/proc/self/setgroups"} << "deny";
  std::ofstream{"/proc/self/uid_map"} << user;
  std::ofstream{"/proc/self/gid_map"} << group;
  return ::mount("tmpfs", where.c_str(), "tmpfs", 0, "size=64k") == 0;
}

} // namespace

CAF_TEST(a_file_is_created_reserved_and_kept) {
  const TemporaryFolder folder;
  const auto path = folder / "journal";
  {
    const auto file = open(path, 100'000);
    CAF_CHECK_EQUAL(file.memory().size(), 100'000u);
    CAF_CHECK(std::ranges::all_of(
      file.memory(), [](std::byte byte) { return byte == std::byte{0}; }));
    CAF_CHECK(!file.note());
    struct stat status {};
    CAF_REQUIRE_EQUAL(::stat(path.c_str(), &status), 0);
    CAF_CHECK_EQUAL(status.st_size, 100'000);
    CAF_CHECK_GREATER_OR_EQUAL(status.st_blocks * 512, 100'000);
    CAF_CHECK_EQUAL(status.st_mode & 0777u, 0600u);
    file.memory().back() = std::byte{42};
  }
  const auto file = open(path, 100'000);
  CAF_CHECK(file.memory().back() == std::byte{42});
  CAF_CHECK(!file.note());
}

CAF_TEST(a_file_of_another_size_is_emptied_with_a_note) {
  const TemporaryFolder folder;
  const auto path = folder / "journal";
  std::ofstream{path} << "something else";
  const auto file = open(path, 4096);
  CAF_REQUIRE(file.note().has_value());
  CAF_CHECK(file.note()->find(path) != std::string::npos);
  CAF_CHECK(file.note()->find("14 bytes instead of 4096") != std::string::npos);
  CAF_CHECK(file.memory().front() == std::byte{0});
}

CAF_TEST(what_cannot_be_opened_is_refused_with_path_and_reason) {
  const TemporaryFolder folder;
  refuses(folder / "no/where", ErrorCode::not_found, "folder must exist");
  refuses(folder / "", ErrorCode::io_failed, "directory");
  CAF_REQUIRE_EQUAL(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  refuses(folder / "pipe", ErrorCode::io_failed, "not a regular file");
  const auto path = folder / "journal";
  CAF_CHECK_EQUAL(unexpected(JournalFile::open(path, 0), path,
                             ErrorCode::invalid_argument, "no sense"),
                  "");
  using std::filesystem::perms;
  std::filesystem::permissions(folder / "",
                               perms::owner_read | perms::owner_exec);
  const auto child = tests::run_child([&] {
    // To root nothing is forbidden.
    if (::geteuid() == 0 && ::seteuid(65534) != 0)
      return 2;
    return unexpected(JournalFile::open(path, 4096), path, ErrorCode::io_failed,
                      "must be able to write")
               .empty()
             ? 0
             : 1;
  });
  std::filesystem::permissions(folder / "", perms::owner_all);
  CAF_CHECK_EQUAL(child, 0);
}

CAF_TEST(only_one_process_has_it_open) {
  const TemporaryFolder folder;
  const auto path = folder / "journal";
  const auto in_use = [&] {
    return unexpected(JournalFile::open(path, 4096), path,
                      ErrorCode::unavailable, "another process")
               .empty()
             ? 0
             : 1;
  };
  {
    auto file = open(path, 4096);
    CAF_CHECK_EQUAL(tests::run_child(in_use), 0);
    auto moved = std::move(file);
    CAF_CHECK_EQUAL(moved.memory().size(), 4096u);
    CAF_CHECK_EQUAL(tests::run_child(in_use), 0);
    file = open(folder / "other", 4096);
    moved = std::move(file);
    file = open(folder / "third", 4096);
    CAF_CHECK_EQUAL(tests::run_child(in_use), 1);
  }
  CAF_CHECK_EQUAL(tests::run_child(in_use), 1);
}

CAF_TEST(a_full_disk_is_found_when_opening) {
  const TemporaryFolder folder;
  const auto path = folder / "journal";
  const auto refused = [&](std::size_t bytes, ErrorCode code,
                           std::string_view word) {
    return unexpected(JournalFile::open(path, bytes), path, code, word).empty();
  };
  const auto by_limit = tests::run_child([&] {
    std::signal(SIGXFSZ, SIG_IGN);
    const ::rlimit limit{4096, 4096};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0)
      return 1;
    if (!refused(1'000'000, ErrorCode::io_failed, "it needs 1000000 bytes"))
      return 2;
    return std::filesystem::file_size(path) == 0
               && JournalFile::open(path, 4096).has_value()
             ? 0
             : 3;
  });
  CAF_CHECK_EQUAL(by_limit, 0);
  const auto by_disk = tests::run_child([&] {
    if (!mount_small_disk(folder / ""))
      return 77;
    return refused(1'000'000, ErrorCode::no_space, "No space left")
               && JournalFile::open(path, 4096).has_value()
             ? 0
             : 1;
  });
  if (by_disk == 77)
    CAF_MESSAGE("skipped: no file system of our own can be mounted here");
  else
    CAF_CHECK_EQUAL(by_disk, 0);
}
