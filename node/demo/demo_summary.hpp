#pragma once

#include "logic/generation/planted_story.hpp"
#include "node/demo/output_watch.hpp"

#include <ostream>
#include <span>

namespace millrace::node::demo {

/// Three outputs and up to three dead letters, as they stand on the topics.
void print_examples(std::ostream& out, const OutputWatch& watch);

/// A line for each planted story: found or missed. Returns how many were
/// found.
std::size_t
print_stories(std::ostream& out, const OutputWatch& watch,
              std::span<const logic::generation::PlantedStory> stories);

} // namespace millrace::node::demo
