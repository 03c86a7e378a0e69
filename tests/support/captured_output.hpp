#pragma once

#include <cstdio>
#include <string>
#include <unistd.h>

namespace millrace::tests {

/// Keeps what is written to stdout (1) or stderr (2) while it lives.
class CapturedOutput {
public:
  explicit CapturedOutput(int descriptor)
    : descriptor_(descriptor), file_(std::tmpfile()) {
    std::fflush(nullptr);
    original_ = ::dup(descriptor_);
    ::dup2(::fileno(file_), descriptor_);
  }
  CapturedOutput(const CapturedOutput&) = delete;
  CapturedOutput& operator=(const CapturedOutput&) = delete;
  ~CapturedOutput() {
    std::fflush(nullptr);
    ::dup2(original_, descriptor_);
    ::close(original_);
    std::fclose(file_);
  }

  std::string text() const {
    std::fflush(nullptr);
    std::string all;
    char part[4096];
    off_t at = 0;
    for (;;) {
      const auto got = ::pread(::fileno(file_), part, sizeof part, at);
      if (got <= 0) {
        return all;
      }
      all.append(part, static_cast<std::size_t>(got));
      at += got;
    }
  }

private:
  int descriptor_;
  std::FILE* file_;
  int original_ = -1;
};

} // namespace millrace::tests
