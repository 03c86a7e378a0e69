#pragma once

#include <string>
#include <string_view>

namespace millrace::tests {

/// Takes a record's value all the way through validation and encoding and
/// checks what must hold for any bytes whatever:
/// - exactly one outcome, and nothing throws;
/// - a dead letter's detail is printable UTF-8, and only what a reference
///   parser rejects is called no JSON;
/// - an output is valid JSON, keeps all bytes of the original but for replaced
///   members, holds each of its members' values, and each of ours once;
/// - an output that is read again gives the same output.
/// Returns what was violated, empty for nothing. Keeps state between calls;
/// not thread-safe.
std::string violated_property(std::string_view value);

} // namespace millrace::tests
