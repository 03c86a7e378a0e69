#include "adapters/files/state_folder.hpp"

#include "adapters/files/whole_file.hpp"

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace millrace::adapters {

namespace {

constexpr std::string_view first_line = "millrace state 1\n";

logic::Error failed(const std::string& path, std::string_view why,
                    logic::ErrorCode code = logic::ErrorCode::io_failed) {
  return {code,
          "cannot keep state in the folder " + path + ": " + std::string{why}};
}

std::string_view advice(int error_number) noexcept {
  switch (error_number) {
    case ENOENT:
      return "; the folder must exist";
    case ENOTDIR:
      return "; detection.state_path must name a folder";
    case EACCES:
    case EPERM:
    case EROFS:
      return "; this user must be able to write there";
    default:
      return {};
  }
}

struct Counted {
  std::uint64_t shards = 0;
  std::uint64_t generation = 0;
};

std::string text_of(const Counted& counted) {
  return std::string{first_line} + "shards " + std::to_string(counted.shards)
         + "\ngeneration " + std::to_string(counted.generation) + '\n';
}

std::optional<std::uint64_t> take_line(std::string_view& text,
                                       std::string_view name) {
  if (!text.starts_with(name))
    return std::nullopt;
  text.remove_prefix(name.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(),
                                            text.data() + text.size(), number);
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (error != std::errc{} || !text.starts_with('\n'))
    return std::nullopt;
  text.remove_prefix(1);
  return number;
}

std::optional<Counted> parse(std::string_view text) {
  if (!text.starts_with(first_line))
    return std::nullopt;
  text.remove_prefix(first_line.size());
  const auto shards = take_line(text, "shards ");
  const auto generation = take_line(text, "generation ");
  if (!shards || !generation || !text.empty())
    return std::nullopt;
  return Counted{*shards, *generation};
}

std::string log_path(const std::string& folder, std::uint64_t shard) {
  return folder + "/shard-" + std::to_string(shard) + ".log";
}

} // namespace

logic::Result<StateFolder> StateFolder::open(const std::string& path,
                                             std::uint32_t shards) {
  StateFolder folder;
  if (const auto done = folder.lock(path); !done)
    return done.error();
  if (const auto done = folder.count_generation(path, shards); !done)
    return done.error();
  if (const auto done = folder.open_logs(path, shards); !done)
    return done.error();
  return folder;
}

logic::Result<void> StateFolder::lock(const std::string& path) {
  lock_ = std::make_unique<FileDescriptor>(::open(
    (path + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600));
  if (!lock_->is_open())
    return failed(path, std::generic_category().message(errno)
                          + std::string{advice(errno)});
  if (::flock(lock_->get(), LOCK_EX | LOCK_NB) == 0)
    return {};
  if (errno == EWOULDBLOCK)
    return failed(path,
                  "another node has it open; each needs a folder of its own",
                  logic::ErrorCode::unavailable);
  return failed(path, std::generic_category().message(errno));
}

logic::Result<void> StateFolder::count_generation(const std::string& path,
                                                  std::uint32_t shards) {
  const auto name = path + "/generation";
  Counted counted{shards, 0};
  std::error_code ignored;
  if (std::filesystem::exists(name, ignored)) {
    std::ifstream file{name, std::ios::binary};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    const auto found = parse(text);
    if (!found)
      return failed(path,
                    "its file 'generation' is not one that this program "
                    "writes; name a folder of its own",
                    logic::ErrorCode::malformed);
    counted = *found;
  }
  if (counted.shards != shards)
    notes_.push_back("detection.shards was changed from "
                     + std::to_string(counted.shards) + " to "
                     + std::to_string(shards)
                     + ": all users and addresses are forgotten");
  // What no shard is any more would stay for ever.
  for (auto shard = std::uint64_t{shards}; shard < counted.shards; ++shard)
    ::unlink(log_path(path, shard).c_str());
  generation_ = counted.generation + 1;
  const auto written = write_whole_file(name, text_of({shards, generation_}));
  if (!written)
    return failed(path, written.error().text);
  return {};
}

logic::Result<void> StateFolder::open_logs(const std::string& path,
                                           std::uint32_t shards) {
  logs_.reserve(shards);
  for (std::uint32_t shard = 0; shard != shards; ++shard) {
    // One that was being rewritten when the process died.
    ::unlink((log_path(path, shard) + ".new").c_str());
    auto log = StateLog::open(log_path(path, shard), shard);
    if (!log)
      return log.error();
    logs_.push_back(std::move(*log));
  }
  return {};
}

} // namespace millrace::adapters
