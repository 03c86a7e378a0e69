#pragma once

#include "logic/detection/model.hpp"

#include <mutex>
#include <utility>

/// Internal to the topology.
namespace millrace::node {

/// The model in use, for detectors that begin later. Any thread.
class CurrentModel {
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

} // namespace millrace::node
