#pragma once

#include "logic/verification/verification_report.hpp"

#include <string>

namespace millrace::logic::verification {

/// A table with a line for each partition and one for the total, then the
/// offenders; lines end with \n. For people: its form may change.
std::string to_table(const VerificationReport& report);

/// The table, and a line with the conclusion.
std::string to_text(const VerificationReport& report);

/// The same as one JSON object in one line, without a line's end. Public:
/// members are only ever added. docs/verify.md shows the form.
std::string to_json(const VerificationReport& report);

} // namespace millrace::logic::verification
