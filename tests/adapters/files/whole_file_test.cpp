#define CAF_SUITE whole_file

#include "adapters/files/whole_file.hpp"

#include "tests/support/temporary_folder.hpp"

#include "caf/test/dsl.hpp"

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace millrace;
using adapters::write_whole_file;
using tests::TemporaryFolder;

namespace {

std::string bytes_of(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

} // namespace

CAF_TEST(a_file_is_replaced_for_new_readers_only) {
  const TemporaryFolder folder;
  const auto path = folder / "file";
  const std::string first(100'000, '1');
  CAF_REQUIRE(write_whole_file(path, first));
  std::ifstream reader{path, std::ios::binary};
  CAF_REQUIRE(write_whole_file(path, {"2\0\n", 3}));
  CAF_CHECK(std::string(std::istreambuf_iterator<char>{reader}, {}) == first);
  CAF_CHECK_EQUAL(bytes_of(path), std::string("2\0\n", 3));
  CAF_CHECK_EQUAL(folder.entries(), 1u);
  using std::filesystem::perms;
  CAF_CHECK(std::filesystem::status(path).permissions()
            == (perms::owner_read | perms::owner_write | perms::group_read
                | perms::others_read));
}

CAF_TEST(what_is_no_regular_file_is_written_to_and_stays) {
  const TemporaryFolder folder;
  const auto path = folder / "pipe";
  CAF_REQUIRE_EQUAL(::mkfifo(path.c_str(), 0600), 0);
  const int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  CAF_REQUIRE(reader >= 0);
  CAF_CHECK(write_whole_file(path, "through"));
  std::array<char, 16> bytes{};
  CAF_CHECK_EQUAL(::read(reader, bytes.data(), bytes.size()), 7);
  ::close(reader);
  CAF_CHECK_EQUAL(std::string{bytes.data()}, "through");
  CAF_CHECK(std::filesystem::is_fifo(path));
  CAF_CHECK(write_whole_file("/dev/null", "nothing"));
  CAF_CHECK(std::filesystem::is_character_file("/dev/null"));
}

CAF_TEST(what_cannot_be_written_is_named_and_leaves_nothing) {
  const TemporaryFolder folder;
  folder.write("plain", "old");
  std::filesystem::create_directory(folder / "taken");
  struct Case {
    std::string path;
    std::string reason;
  };
  for (const auto& [path, reason] :
       {Case{folder / "no/folder/file", "No such file or directory"},
        Case{folder / "plain/file", "Not a directory"},
        Case{folder / "taken", "Is a directory"},
        Case{folder / std::string(250, 'n'), "File name too long"},
        Case{"/dev/full", "No space left on device"}}) {
    const auto written = write_whole_file(path, "bytes");
    CAF_REQUIRE(!written);
    CAF_CHECK(written.error().code == logic::ErrorCode::io_failed);
    CAF_CHECK_EQUAL(written.error().text,
                    "cannot write " + path + ": " + reason);
  }
  CAF_CHECK_EQUAL(folder.entries(), 2u);
  CAF_CHECK_EQUAL(bytes_of(folder / "plain"), "old");
}
