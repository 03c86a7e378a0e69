#pragma once

#include "actors/interfaces.hpp"
#include "actors/role.hpp"
#include "actors/stage.hpp"
#include "logic/detection/model.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

/// What the topology keeps of its actors. Internal to it.
namespace millrace::node {

inline std::string numbered(const char* kind, std::uint32_t number) {
  return std::string{kind} + ' ' + std::to_string(number);
}

/// A role, and who is spoken to instead of its holder: a gate where faults
/// are injected, else the same.
template <class Handle>
struct Post {
  actors::RolePtr<Handle> role = std::make_shared<actors::Role<Handle>>();
  actors::RolePtr<Handle> front = role;
};

/// The stages of one lane and what each is working on.
struct Lane {
  Post<actors::ValidatorActor> validator;
  Post<actors::EnricherActor> enricher;
  Post<actors::EncoderActor> encoder;
  std::map<std::string, actors::WorkMarkPtr> marks; ///< by kind of stage
  std::vector<logic::BatchId> culprits; ///< found since the last life began
  logic::Incarnation incarnation;
};

struct Shard {
  Post<actors::AnomalyDetectorActor> detector;
  actors::WorkMarkPtr mark = std::make_shared<actors::WorkMark>();
};

/// The model in use, for detectors that begin later. Any thread.
class ModelShelf {
public:
  void put(logic::detection::ModelPtr model) {
    const std::lock_guard lock{mutex_};
    model_ = std::move(model);
  }
  logic::detection::ModelPtr get() const {
    const std::lock_guard lock{mutex_};
    return model_;
  }

private:
  mutable std::mutex mutex_;
  logic::detection::ModelPtr model_;
};

template <class Handle>
void vacate(const Post<Handle>& post) {
  post.role->fill({});
  post.front->fill({});
}

} // namespace millrace::node
