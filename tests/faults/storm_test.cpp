#define CAF_SUITE storm

// A storm of faults against a whole node, by the command that users have for
// it; its exit code is the delivery judge's judgement.

#include "caf/test/dsl.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>

#include <sys/wait.h>

namespace {

/// The exit code; what the command said goes to stderr if it is not 0.
int chaos(const std::string& arguments) {
  const char* binary = std::getenv("MILLRACE_BINARY");
  if (binary == nullptr)
    return -1;
  const auto command = std::string{binary} + " chaos " + arguments + " 2>&1";
  auto* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr)
    return -1;
  std::string said;
  std::array<char, 4096> part{};
  while (const auto got = std::fread(part.data(), 1, part.size(), pipe))
    said.append(part.data(), got);
  const int status = pclose(pipe);
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  if (code != 0)
    std::cerr << said;
  return code;
}

} // namespace

CAF_TEST(three_hundred_faults_lose_and_double_nothing) {
  CAF_CHECK_EQUAL(chaos("--faults 300 --duration 50s --rate 3000 --seed 7 "
                        "--mix crash=40,hang=1,slow=12,corrupt=10,"
                        "fail_deliveries=12,fence_producer=3,fail_commits=8,"
                        "drop_credit=8,exhaust_credit=5,poison=3"),
                  0);
}
