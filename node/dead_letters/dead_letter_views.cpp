#include "node/dead_letters/dead_letter_views.hpp"

#include "logic/dead_letters/dead_letter_json.hpp"
#include "node/dead_letters/dead_letter_topic.hpp"

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <tuple>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace millrace::node {

namespace {

using logic::DeadLetter;
using logic::Error;
using logic::ErrorCode;
using logic::Result;

ExitCode refuse(const DeadLetterQuery& query, const Error& error) {
  query.complaints << "error: " << error.text << std::endl;
  return exit_code_of(error);
}

/// When it was given up, and what tells those of one moment apart.
using Moment = std::tuple<std::int64_t, std::int32_t, std::int64_t>;

Moment moment_of(const DeadLetter& letter) {
  return {letter.time_ms(), letter.partition.value, letter.record.offset.value};
}

/// Visits what the filter means; an error where the topic or a partition is
/// missing, or nobody answers.
Result<void> visit_all(const DeadLetterQuery& query,
                       const DeadLetterVisitor& visit) {
  auto topic = DeadLetterTopic::open(query.kafka, query.patience);
  if (!topic)
    return topic.error();
  const auto extent = (*topic)->extent_of(query.filter);
  if (!extent)
    return extent.error();
  return (*topic)->read(*extent, [&](const DeadLetter& letter) {
    return !matches(query.filter, letter) || visit(letter);
  });
}

void say_none(const DeadLetterQuery& query) {
  query.complaints << "no dead letters in " << query.kafka.dlq_topic
                   << (query.filter == logic::DeadLetterFilter{}
                         ? ""
                         : " that the filter means")
                   << std::endl;
}

/// A file that is there under its name when all is well. Until then it has
/// none, so that nothing of what people sent stays behind where the process is
/// ended, and nobody can put another file in its place; where the file system
/// knows no such files, it has one that cannot be guessed.
class ExportFile {
public:
  explicit ExportFile(std::string path) : path_(std::move(path)) {}
  ExportFile(const ExportFile&) = delete;
  ExportFile& operator=(const ExportFile&) = delete;
  ~ExportFile() {
    if (file_ != nullptr)
      std::fclose(file_);
    if (!part_.empty())
      ::unlink(part_.c_str());
  }

  Result<void> open() {
    if (::access(path_.c_str(), F_OK) == 0)
      return Error{ErrorCode::io_failed,
                   "\"" + path_ + "\" is there already: name another file"};
    const auto folder = std::filesystem::path{path_}.parent_path();
    // For its owner alone: it holds what people sent.
    int descriptor = ::open(folder.empty() ? "." : folder.c_str(),
                            O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);
    if (descriptor < 0) {
      part_ = path_ + ".XXXXXX";
      descriptor = ::mkostemp(part_.data(), O_CLOEXEC);
    }
    if (descriptor >= 0)
      file_ = ::fdopen(descriptor, "w");
    else
      part_.clear();
    return file_ == nullptr ? fault() : Result<void>{};
  }

  bool write(std::string_view line) {
    return std::fwrite(line.data(), 1, line.size(), file_) == line.size();
  }

  Result<void> close() {
    if (std::fflush(file_) == 0 && ::fsync(::fileno(file_)) == 0 && name())
      return {};
    return fault();
  }

  Error fault() const {
    return {ErrorCode::io_failed,
            "cannot write \"" + path_ + "\": " + std::strerror(errno)};
  }

private:
  /// What came to be there meanwhile stays, but where there are no links.
  bool name() {
    const auto from = part_.empty()
                        ? "/proc/self/fd/" + std::to_string(::fileno(file_))
                        : part_;
    if (::linkat(AT_FDCWD, from.c_str(), AT_FDCWD, path_.c_str(),
                 AT_SYMLINK_FOLLOW)
        == 0)
      return true;
    return errno != EEXIST && !part_.empty()
           && ::rename(part_.c_str(), path_.c_str()) == 0;
  }

  std::string path_;
  std::string part_; ///< its name meanwhile, if it has one
  std::FILE* file_ = nullptr;
};

ExitCode export_to_file(const DeadLetterQuery& query, const std::string& path,
                        std::uint64_t limit) {
  ExportFile file{path};
  if (auto opened = file.open(); !opened)
    return refuse(query, opened.error());
  std::uint64_t count = 0;
  std::string line;
  bool written = true;
  const auto read = visit_all(query, [&](const DeadLetter& letter) {
    line.clear();
    append_json_line(line, letter);
    written = file.write(line);
    return written && ++count != limit;
  });
  if (!read)
    return refuse(query, read.error());
  if (!written)
    return refuse(query, file.fault());
  if (auto closed = file.close(); !closed)
    return refuse(query, closed.error());
  query.complaints << count << " dead letters written to " << path << std::endl;
  return ExitCode::success;
}

} // namespace

ExitCode list_dead_letters(const DeadLetterQuery& query, std::size_t limit) {
  std::uint64_t meant = 0;
  std::map<Moment, std::string> newest;
  const auto read = visit_all(query, [&](const DeadLetter& letter) {
    if (limit == 0) {
      query.out << (meant == 0 ? logic::list_head() : std::string{})
                << list_line(letter);
      ++meant;
      return static_cast<bool>(query.out);
    }
    ++meant;
    const auto moment = moment_of(letter);
    if (newest.size() == limit) {
      if (moment < newest.begin()->first)
        return true;
      newest.erase(newest.begin());
    }
    newest.emplace(moment, list_line(letter));
    return true;
  });
  if (!read)
    return refuse(query, read.error());
  if (!newest.empty())
    query.out << logic::list_head();
  for (const auto& [moment, line] : newest)
    query.out << line;
  query.out << std::flush;
  if (meant == 0)
    say_none(query);
  else if (limit != 0 && newest.size() < meant)
    query.complaints << "the newest " << newest.size() << " of " << meant
                     << "; --limit 0 lists all" << std::endl;
  return ExitCode::success;
}

ExitCode show_dead_letters(const DeadLetterQuery& query,
                           const std::vector<logic::DeadLetterPlace>& places,
                           const logic::ShowOptions& options) {
  auto topic = DeadLetterTopic::open(query.kafka, query.patience);
  if (!topic)
    return refuse(query, topic.error());
  for (const auto& place : places) {
    const auto extent = (*topic)->extent_of(
      {.partitions = {place.partition.value}});
    if (!extent)
      return refuse(query, extent.error());
    auto range = extent->front();
    const auto low = range.low;
    const auto high = range.high;
    bool found = false;
    if (place.offset >= low && place.offset < high) {
      range.low = place.offset;
      range.high = logic::Offset{place.offset.value + 1};
      const auto read = (*topic)->read({&range, 1},
                                       [&](const DeadLetter& letter) {
                                         found = true;
                                         query.out << describe(letter, options);
                                         return true;
                                       });
      if (!read)
        return refuse(query, read.error());
    }
    if (!found)
      return refuse(query,
                    {ErrorCode::not_found,
                     "there is no dead letter "
                       + std::to_string(place.partition.value) + ":"
                       + std::to_string(place.offset.value) + " in "
                       + (*topic)->name() + ": the partition holds offsets "
                       + std::to_string(low.value) + " to "
                       + std::to_string(high.value) + ", without the latter"});
  }
  query.out << std::flush;
  return ExitCode::success;
}

ExitCode count_dead_letters(const DeadLetterQuery& query,
                            std::vector<logic::HistogramKind> kinds) {
  logic::DeadLetterHistogram histogram;
  const auto read = visit_all(query, [&](const DeadLetter& letter) {
    histogram.add(letter);
    return true;
  });
  if (!read)
    return refuse(query, read.error());
  if (histogram.total() == 0) {
    say_none(query);
    return ExitCode::success;
  }
  if (kinds.empty())
    for (std::size_t kind = 0; kind != logic::histogram_names.size(); ++kind)
      kinds.push_back(static_cast<logic::HistogramKind>(kind));
  for (const auto kind : kinds)
    query.out << histogram.text(kind);
  query.out << histogram.total() << " dead letters" << std::endl;
  return ExitCode::success;
}

ExitCode export_dead_letters(const DeadLetterQuery& query,
                             const std::string& file, std::uint64_t limit) {
  if (!file.empty())
    return export_to_file(query, file, limit);
  std::uint64_t count = 0;
  std::string line;
  const auto read = visit_all(query, [&](const DeadLetter& letter) {
    line.clear();
    append_json_line(line, letter);
    query.out << line;
    return ++count != limit && static_cast<bool>(query.out);
  });
  query.out << std::flush;
  if (!read)
    return refuse(query, read.error());
  if (count == 0)
    say_none(query);
  return ExitCode::success;
}

} // namespace millrace::node
