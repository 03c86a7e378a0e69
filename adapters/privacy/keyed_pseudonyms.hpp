#pragma once

#include "logic/core/pseudonyms.hpp"

#include <memory>
#include <string>

namespace millrace::adapters::privacy {

/// HMAC-SHA256 (RFC 2104, by OpenSSL) of the user id, of which the first 8
/// bytes are written as 16 hexadecimal digits: few enough for a log, and no
/// two of a million users share one but by a chance of 1 in 30 million.
/// Null for an empty key.
std::shared_ptr<const logic::Pseudonyms>
make_keyed_pseudonyms(const std::string& key);

} // namespace millrace::adapters::privacy
