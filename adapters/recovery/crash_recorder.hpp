#pragma once

#include "logic/core/result.hpp"
#include "logic/recovery/dispatch_plan.hpp"
#include "logic/recovery/flight_recorder.hpp"

#include <memory>
#include <string>
#include <vector>

namespace millrace::adapters {

struct CrashRecorderOptions {
  std::string path;
  std::string topic;
  std::string consumer_group;
};

/// What a new life of the process finds, for the log.
struct CrashFindings {
  bool died = false; ///< the life before ended suddenly
  std::uint32_t life = 1;
  std::size_t suspects = 0; ///< ranges of offsets
  std::vector<std::string> notes;
};

/// The recorder of flights in a file that survives the process. One thread at
/// a time.
class CrashRecorder : public logic::FlightRecorder {
public:
  /// Errors as of JournalFile.
  static logic::Result<std::shared_ptr<CrashRecorder>>
  open(const CrashRecorderOptions& options);

  virtual const CrashFindings& findings() const noexcept = 0;

  /// The process is about to end by its own will.
  virtual void close_cleanly() = 0;
};

} // namespace millrace::adapters
