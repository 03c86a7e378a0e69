#pragma once

#include "logic/dead_letters/dead_letter.hpp"
#include "tests/support/node_process.hpp"
#include "tests/support/program.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace millrace::tests {

/// A record of a topic, kept.
struct KeptRecord {
  std::string value;
  std::string headers;
  std::int64_t timestamp_ms = -1;
};

/// What is done with dead letters on whatever broker, with the node and the
/// command as processes of their own. The checks are CAF's.
class ReplayScenario {
public:
  /// `names` as for --set: the topics and the group. `topics` must outlive
  /// this.
  ReplayScenario(TopicFixture& topics, std::vector<std::string> names)
    : topics_(topics), names_(std::move(names)) {}

  /// `millrace dlq ARGUMENTS...` to its end, on the broker of the topics or,
  /// where there is an environment, on the one that it names.
  ProgramOutcome dlq(const std::vector<std::string>& arguments,
                     const Environment& environment = {}) const;

  /// A replay of all as a process, at so many a second.
  Program start_replay(int rate) const;

  /// Writes events that lack a required member, numbered from 0, and lets a
  /// node give them up.
  void make_dead_letters(int count);

  std::map<std::int32_t, std::vector<KeptRecord>>
  all_of(const std::string& topic) const;
  std::size_t count(const std::string& topic) const;

  /// How often each number stands in the topic, and whether they rise in each
  /// partition but for repeats; only of records that were replayed.
  std::map<int, int> replayed_numbers(const std::string& topic,
                                      bool& in_order) const;

  // -- The scenarios ----------------------------------------------------------

  void a_mended_rule_lets_all_pass_once_in_order();
  void a_killed_replay_goes_on();
  void a_record_that_fails_again_is_left_in_the_end();

private:
  std::vector<std::string>
  dlq_words(const std::vector<std::string>& arguments) const;
  /// The settings with which a node lets them pass.
  std::vector<std::string> mended_settings() const;

  TopicFixture& topics_;
  std::vector<std::string> names_;
};

} // namespace millrace::tests
