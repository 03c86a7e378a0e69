#include "messages/type_ids.hpp"

#include "messages/detection.hpp"
#include "messages/faults.hpp"
#include "messages/insights.hpp"
#include "messages/lifecycle.hpp"
#include "messages/links.hpp"
#include "messages/pipeline.hpp"
#include "messages/reconciliation.hpp"
#include "messages/state.hpp"
#include "messages/status.hpp"
#include "messages/supervision.hpp"
#include "messages/transactions.hpp"
#include "messages/wire/type_ids.hpp"
#include "messages/workers.hpp"

#include <caf/error.hpp>
#include <caf/init_global_meta_objects.hpp>

namespace millrace::logic {

namespace {

constexpr auto last_error_code = ErrorCode::unrecoverable;

} // namespace

bool from_integer(std::underlying_type_t<ErrorCode> number, ErrorCode& code) {
  if (number > static_cast<std::underlying_type_t<ErrorCode>>(last_error_code))
    return false;
  code = static_cast<ErrorCode>(number);
  return true;
}

} // namespace millrace::logic

namespace millrace::messages {

static_assert(caf::id_block::millrace::end <= wire::first_type_id,
              "what travels keeps its numbers");

void init_meta_objects() {
  caf::init_global_meta_objects<caf::id_block::millrace>();
  caf::init_global_meta_objects<caf::id_block::millrace_wire>();
  caf::core::init_global_meta_objects();
}

caf::error to_caf_error(const logic::Error& error) {
  return caf::make_error(error.code, error.text);
}

} // namespace millrace::messages
