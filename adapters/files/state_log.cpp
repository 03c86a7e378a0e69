#include "adapters/files/state_log.hpp"

#include "logic/core/little_endian.hpp"

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

// Inlined, so that no library of this name is needed at run time.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace millrace::adapters {

namespace {

using logic::detection::StateRecord;

constexpr std::string_view magic = "MLRSTATE";
constexpr std::uint32_t format_version = 1;
constexpr std::size_t header_bytes = 8 + 4 + 4; // magic, version, shard

// Lengths of key and value, a checksum of both lengths, one of key and value.
constexpr std::size_t frame_bytes = 4 + 4 + 8 + 8;
constexpr std::uint32_t max_key_bytes = 1024;
constexpr std::uint32_t max_value_bytes = std::uint32_t{16} << 20;
constexpr std::size_t read_ahead_bytes = std::size_t{1} << 20;

std::uint64_t hash_of(std::string_view bytes, std::uint64_t seed = 0) noexcept {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

logic::ErrorCode code_of(int error_number) noexcept {
  return error_number == ENOSPC || error_number == EDQUOT
           ? logic::ErrorCode::no_space
           : logic::ErrorCode::io_failed;
}

std::string header_of(std::uint32_t shard) {
  std::string header{magic};
  logic::append_little_endian(header, format_version);
  logic::append_little_endian(header, shard);
  return header;
}

void append_frame(std::string& bytes, const StateRecord& record) {
  const auto begin = bytes.size();
  logic::append_little_endian(bytes,
                              static_cast<std::uint32_t>(record.key.size()));
  logic::append_little_endian(bytes,
                              static_cast<std::uint32_t>(record.value.size()));
  const auto lengths = std::string_view{bytes}.substr(begin);
  logic::append_little_endian(bytes, hash_of(lengths));
  logic::append_little_endian(bytes,
                              hash_of(record.value, hash_of(record.key)));
  bytes += record.key;
  bytes += record.value;
}

/// False with errno.
bool write_at(const FileDescriptor& file, std::string_view bytes,
              std::uint64_t begin) noexcept {
  while (!bytes.empty()) {
    const auto count = ::pwrite(file.get(), bytes.data(), bytes.size(),
                                static_cast<::off_t>(begin));
    if (count < 0 && errno != EINTR)
      return false;
    if (count > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
      begin += static_cast<std::uint64_t>(count);
    }
  }
  return true;
}

/// Appends up to that many bytes of the file; false with errno.
bool read_at(const FileDescriptor& file, std::uint64_t begin, std::size_t bytes,
             std::string& into) {
  const auto before = into.size();
  into.resize(before + bytes);
  std::size_t done = 0;
  while (done != bytes) {
    const auto count = ::pread(file.get(), into.data() + before + done,
                               bytes - done,
                               static_cast<::off_t>(begin + done));
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0) {
      into.resize(before + done);
      return count == 0;
    }
    done += static_cast<std::size_t>(count);
  }
  return true;
}

bool sync_folder_of(const std::string& path) noexcept {
  const auto slash = path.rfind('/');
  const auto folder = slash == std::string::npos ? std::string{"."}
                                                 : path.substr(0, slash + 1);
  const FileDescriptor opened{
    ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  return opened.is_open() && ::fsync(opened.get()) == 0;
}

} // namespace

logic::Error StateLog::failed(std::string_view attempt,
                              int error_number) const {
  std::string text = "cannot ";
  text += attempt;
  text += " the state file " + path_ + ": "
          + std::generic_category().message(error_number);
  return {code_of(error_number), std::move(text)};
}

logic::Result<StateLog> StateLog::open(const std::string& path,
                                       std::uint32_t shard) {
  // Not blocking: whatever is in this place must not stop the program.
  StateLog log{
    path, shard,
    std::make_unique<FileDescriptor>(
      ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600))};
  struct stat status {};
  if (!log.file_->is_open() || ::fstat(log.file_->get(), &status) != 0)
    return log.failed("open", errno);
  if (!S_ISREG(status.st_mode))
    return logic::Error{logic::ErrorCode::io_failed,
                        "cannot open the state file " + path
                          + ": it is not a regular file"};
  const auto checked = log.check_header(
    static_cast<std::uint64_t>(status.st_size));
  if (!checked)
    return checked.error();
  return log;
}

logic::Result<void> StateLog::check_header(std::uint64_t file_bytes) {
  const auto expected = header_of(shard_);
  std::string found;
  if (!read_at(*file_, 0, header_bytes, found))
    return failed("read", errno);
  bytes_ = header_bytes;
  live_bytes_ = header_bytes;
  if (found == expected)
    return {};
  // Empty, or the process died when it created it.
  if (file_bytes < header_bytes
      && found == std::string_view{expected}.substr(0, found.size())) {
    if (!write_at(*file_, expected, 0))
      return failed("write", errno);
    return {};
  }
  const auto refused = [this](logic::ErrorCode code, std::string why) {
    return logic::Error{code, "the state file " + path_ + ' ' + std::move(why)};
  };
  if (!found.starts_with(magic) || found.size() < header_bytes)
    return refused(logic::ErrorCode::malformed,
                   "is not one of millrace's; detection.state_path must name "
                   "a folder of its own");
  logic::ByteReader reader{std::string_view{found}.substr(magic.size())};
  const auto version = reader.take<std::uint32_t>();
  if (version != format_version)
    return refused(logic::ErrorCode::unsupported,
                   "has format version " + std::to_string(version)
                     + ", this program reads version "
                     + std::to_string(format_version)
                     + "; use the one that wrote it, or another folder");
  return refused(logic::ErrorCode::malformed,
                 "holds shard " + std::to_string(reader.take<std::uint32_t>())
                   + "; was it renamed?");
}

/// The next bytes of the file; fewer at its end.
logic::Result<std::string_view> StateLog::peek(std::size_t bytes) {
  if (buffer_begin_ + buffer_.size() < bytes_ + bytes) {
    buffer_.erase(0, bytes_ - std::exchange(buffer_begin_, bytes_));
    if (!read_at(*file_, bytes_ + buffer_.size(),
                 std::max(bytes, read_ahead_bytes), buffer_))
      return failed("read", errno);
  }
  return std::string_view{buffer_}.substr(bytes_ - buffer_begin_, bytes);
}

/// Cuts off what no whole record is.
logic::Result<bool> StateLog::end_of_records() {
  all_read_ = true;
  buffer_ = {};
  if (::ftruncate(file_->get(), static_cast<::off_t>(bytes_)) != 0)
    return failed("cut off", errno);
  return false;
}

logic::Result<bool> StateLog::read(std::size_t max_bytes,
                                   std::vector<StateRecord>& into) {
  for (std::size_t taken = 0; taken < max_bytes;) {
    const auto head = peek(frame_bytes);
    if (!head)
      return head.error();
    logic::ByteReader reader{*head};
    const auto key_bytes = reader.take<std::uint32_t>();
    const auto value_bytes = reader.take<std::uint32_t>();
    if (reader.take<std::uint64_t>() != hash_of(head->substr(0, 8))
        || key_bytes > max_key_bytes || value_bytes > max_value_bytes)
      return end_of_records();
    const auto checksum = reader.take<std::uint64_t>();
    const auto whole = frame_bytes + key_bytes + value_bytes;
    const auto frame = peek(whole);
    if (!frame)
      return frame.error();
    if (frame->size() < whole)
      return end_of_records();
    const auto key = frame->substr(frame_bytes, key_bytes);
    const auto value = frame->substr(frame_bytes + key_bytes);
    if (hash_of(value, hash_of(key)) == checksum) {
      into.push_back({std::string{key}, std::string{value}});
      remember(into.back().key, value.empty(), {bytes_, whole});
    } else {
      ++damaged_;
    }
    bytes_ += whole;
    taken += whole;
  }
  return true;
}

void StateLog::remember(const std::string& key, bool deleted,
                        const Place& place) {
  auto& known = index_[key];
  live_bytes_ -= known.bytes;
  known = place;
  live_bytes_ += known.bytes;
  if (deleted) {
    live_bytes_ -= known.bytes;
    index_.erase(key);
  }
}

logic::Result<void> StateLog::append(const std::vector<StateRecord>& records) {
  if (!all_read_)
    return logic::Error{logic::ErrorCode::io_failed,
                        "the state file " + path_
                          + " is not written to, as it could not be read"};
  std::string bytes;
  std::vector<std::size_t> ends;
  for (const auto& record : records) {
    append_frame(bytes, record);
    ends.push_back(bytes.size());
  }
  if (!write_at(*file_, bytes, bytes_)) {
    const auto error_number = errno;
    // What is there by half would be cut off at the next start anyway.
    if (::ftruncate(file_->get(), static_cast<::off_t>(bytes_)) != 0)
      return failed("cut off", errno);
    return failed("write", error_number);
  }
  std::size_t begin = 0;
  for (std::size_t index = 0; index != records.size(); ++index) {
    remember(records[index].key, records[index].value.empty(),
             {bytes_ + begin, ends[index] - begin});
    begin = ends[index];
  }
  bytes_ += bytes.size();
  return {};
}

logic::Result<void> StateLog::sync() {
  if (::fdatasync(file_->get()) != 0)
    return failed("sync", errno);
  return {};
}

logic::Result<void> StateLog::compact() {
  const auto beside = path_ + ".new";
  auto file = std::make_unique<FileDescriptor>(
    ::open(beside.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  std::unordered_map<std::string, Place> index;
  if (!file->is_open() || !copy_live(*file, index)
      || ::fdatasync(file->get()) != 0
      || ::rename(beside.c_str(), path_.c_str()) != 0) {
    const auto error_number = errno;
    ::unlink(beside.c_str());
    compact_above_ = bytes_ + bytes_ / 2;
    return failed("rewrite", error_number);
  }
  file_ = std::move(file);
  index_ = std::move(index);
  bytes_ = live_bytes_;
  compact_above_ = min_compacted_bytes;
  if (!sync_folder_of(path_))
    return failed("sync the folder of", errno);
  return {};
}

/// In the order in which they stand; false with errno.
bool StateLog::copy_live(const FileDescriptor& to,
                         std::unordered_map<std::string, Place>& index) {
  std::vector<std::pair<const std::string*, Place>> live;
  for (const auto& [key, place] : index_)
    live.emplace_back(&key, place);
  std::sort(live.begin(), live.end(), [](const auto& a, const auto& b) {
    return a.second.begin < b.second.begin;
  });
  auto bytes = header_of(shard_);
  std::uint64_t written = 0;
  for (const auto& [key, place] : live) {
    index[*key] = {written + bytes.size(), place.bytes};
    const auto before = bytes.size();
    if (!read_at(*file_, place.begin, place.bytes, bytes))
      return false;
    if (bytes.size() - before != place.bytes) {
      errno = EIO; // somebody cut the file
      return false;
    }
    if (bytes.size() < read_ahead_bytes)
      continue;
    if (!write_at(to, bytes, written))
      return false;
    written += bytes.size();
    bytes.clear();
  }
  return write_at(to, bytes, written);
}

} // namespace millrace::adapters
