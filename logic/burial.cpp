#include "logic/burial.hpp"

#include <memory>
#include <string>

namespace millrace::logic {

EncodedBatchPtr to_dead_letters(const Burial& burial) {
  auto encoded = std::make_shared<EncodedBatch>();
  encoded->raw = burial.batch;
  encoded->poisoned_stage = burial.stage;
  const auto failed = burial.tries == 0
                        ? std::string{}
                        : " failed " + std::to_string(burial.tries) + " times";
  encoded->details.push_back(burial.stage + failed + ": " + burial.error);
  encoded->records.reserve(burial.batch->size());
  for (std::uint32_t record = 0; record != burial.batch->size(); ++record) {
    EncodedRecord dead;
    dead.record = record;
    dead.dead = true;
    dead.reason = Reason::poison;
    encoded->records.push_back(dead);
  }
  return encoded;
}

} // namespace millrace::logic
