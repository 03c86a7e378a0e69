#include "logic/detection/model.hpp"

#include "logic/detection/model_codec.hpp"

#include <utility>

namespace millrace::logic::detection {

ModelPtr make_model(Forest forest, ModelInfo info) {
  CompiledForest compiled{forest};
  info.id = payload_id(encode_payload(forest, info));
  return std::make_shared<const Model>(
    Model{std::move(info), std::move(forest), std::move(compiled)});
}

} // namespace millrace::logic::detection
