#pragma once

#include <chrono>
#include <functional>

namespace millrace::tests {

/// Asks again and again until the condition holds; false when it did not
/// within the limit. For conditions of other processes, which nobody
/// announces. What is in this process announces itself: wait on a
/// condition variable, an atomic or a pipe.
bool eventually(std::chrono::milliseconds limit,
                const std::function<bool()>& condition,
                std::chrono::milliseconds pause = std::chrono::milliseconds{
                  20});

} // namespace millrace::tests
