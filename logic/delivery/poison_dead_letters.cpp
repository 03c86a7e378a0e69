#include "logic/delivery/poison_dead_letters.hpp"

#include "logic/core/bounded_text.hpp"

#include <memory>
#include <string>

namespace millrace::logic {

EncodedBatchPtr to_dead_letters(const PoisonedRecords& poisoned) {
  auto encoded = std::make_shared<EncodedBatch>();
  encoded->raw = poisoned.batch;
  encoded->poisoned_stage = poisoned.stage;
  const auto failed = poisoned.tries == 0
                        ? std::string{}
                        : " failed " + std::to_string(poisoned.tries)
                            + " times";
  encoded->details.push_back(poisoned.stage + failed + ": "
                             + bounded_text(poisoned.error));
  encoded->records.reserve(poisoned.batch->size());
  for (std::uint32_t record = 0; record != poisoned.batch->size(); ++record) {
    EncodedRecord dead;
    dead.record = record;
    dead.dead = true;
    dead.reason = Reason::poison;
    encoded->records.push_back(dead);
  }
  return encoded;
}

} // namespace millrace::logic
