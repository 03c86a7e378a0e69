#pragma once

#include "node/commands/command_line.hpp"

#include "caf/test/dsl.hpp"

#include <iostream>
#include <ostream>
#include <span>
#include <sstream>
#include <streambuf>
#include <string>
#include <string_view>
#include <vector>

/// Commands of ours as from a shell, within the process.
namespace millrace::tests {

/// Exchanges a stream's buffer for as long as it lives.
class Redirected {
public:
  Redirected(std::ostream& stream, std::ostream& to)
    : stream_(stream), buffer_(stream.rdbuf(to.rdbuf())) {}
  Redirected(const Redirected&) = delete;
  Redirected& operator=(const Redirected&) = delete;
  ~Redirected() { stream_.rdbuf(buffer_); }

private:
  std::ostream& stream_;
  std::streambuf* buffer_;
};

struct CommandOutcome {
  node::ExitCode code = node::ExitCode::success;
  std::string out;
  std::string err;

  /// On either stream; what was said instead is shown where it was not.
  bool says(std::string_view words) const {
    if (out.find(words) != std::string::npos
        || err.find(words) != std::string::npos)
      return true;
    CAF_MESSAGE("not said: " << std::string{words} << "\n" << out << err);
    return false;
  }
};

/// `words` follow the name of the program.
inline CommandOutcome run(std::span<const node::AddCommand> commands,
                          const std::vector<std::string>& words) {
  std::vector<const char*> arguments{"millrace"};
  for (const auto& word : words)
    arguments.push_back(word.c_str());
  std::ostringstream out;
  std::ostringstream err;
  const Redirected out_too{std::cout, out};
  const Redirected err_too{std::cerr, err};
  const auto code = node::run_command_line(arguments, commands, out, err);
  return {code, out.str(), err.str()};
}

/// One command, `words` follow its name.
inline CommandOutcome run(node::AddCommand command, const std::string& name,
                          std::vector<std::string> words) {
  words.insert(words.begin(), name);
  return run(std::span{&command, 1}, words);
}

} // namespace millrace::tests
