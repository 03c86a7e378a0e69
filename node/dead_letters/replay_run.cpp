#include "node/dead_letters/replay_run.hpp"

#include "adapters/kafka/topic_name.hpp"
#include "adapters/kafka/user_rights.hpp"
#include "logic/dead_letters/replay_progress.hpp"
#include "logic/intake/token_bucket.hpp"
#include "node/dead_letters/dead_letter_topic.hpp"
#include "node/dead_letters/replay_places.hpp"
#include "node/dead_letters/replay_sender.hpp"

#include <algorithm>
#include <array>
#include <iomanip>
#include <optional>
#include <utility>
#include <vector>

namespace millrace::node {

namespace {

using adapters::kafka::KafkaConfig;
using adapters::kafka::PartitionExtent;
using adapters::kafka::UserRights;
using logic::DeadLetter;
using logic::Error;
using logic::ErrorCode;
using logic::Offset;
using logic::PartitionId;
using logic::ReplayVerdict;
using logic::Result;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t max_targets = 32;
constexpr std::size_t max_refusals_listed = 10;
constexpr std::size_t max_places_listed = 8;
constexpr std::chrono::seconds commit_interval{1};
constexpr std::chrono::seconds progress_interval{2};
constexpr std::chrono::milliseconds shortest_wait{1};
constexpr std::chrono::milliseconds longest_wait{200};

/// What a run would do.
struct Plan {
  std::array<std::uint64_t, logic::replay_verdict_count> counts{};
  ReplayTargets targets;

  std::uint64_t& count(ReplayVerdict verdict) {
    return counts[static_cast<std::size_t>(verdict)];
  }
};

class Replay {
public:
  Replay(const KafkaConfig& kafka, const ReplayOptions& options,
         const StopWaiter& wait_for_stop, std::ostream& out, std::ostream& log)
    : input_topic_(kafka.input_topic), options_(options),
      group_(options.group.empty() ? kafka.consumer_group + ".replay"
                                   : options.group),
      wait_for_stop_(wait_for_stop), out_(out), log_(log),
      bucket_(options.rate, std::max(1.0, options.rate / 100.0)) {}

  ExitCode run(const KafkaConfig& kafka) {
    if (auto prepared = prepare(kafka); !prepared)
      return refuse(prepared.error());
    if (stopped_) {
      log_ << "interrupted: nothing was sent" << std::endl;
      return ExitCode::interrupted;
    }
    print_plan();
    if (auto checked = check_targets(); !checked)
      return refuse(checked.error());
    if (!options_.execute) {
      out_ << "nothing was sent: --execute sends them" << std::endl;
      return ExitCode::success;
    }
    return execute();
  }

private:
  ExitCode refuse(const Error& error) {
    log_ << "error: " << error.text << std::endl;
    return exit_code_of(error);
  }

  bool stop(std::chrono::microseconds wait = {}) {
    stopped_ = stopped_ || wait_for_stop_(wait);
    return stopped_;
  }

  ReplayVerdict judge(const DeadLetter& letter) const {
    const auto verdict = logic::judge(letter, options_.criteria,
                                      topic_->name());
    if (verdict != ReplayVerdict::send)
      return verdict;
    // Anybody may write headers as a node does.
    if (!adapters::kafka::is_topic_name(
          destination_of(letter, options_.criteria)))
      return ReplayVerdict::foreign;
    return places_->was_sent(letter) ? ReplayVerdict::replayed_before : verdict;
  }

  // -- What is to be done -----------------------------------------------------

  Result<void> prepare(const KafkaConfig& kafka) {
    auto topic = DeadLetterTopic::open(kafka, options_.patience);
    if (!topic)
      return topic.error();
    topic_ = std::move(*topic);
    const auto extent = topic_->extent_of(options_.criteria.filter);
    if (!extent)
      return extent.error();
    auto places = ReplayPlaces::open(*topic_, *extent, group_,
                                     options_.criteria, options_.again);
    if (!places)
      return places.error();
    places_ = std::move(*places);
    for (const auto& warning : places_->warnings())
      warn(warning);
    return look_ahead();
  }

  Result<void> look_ahead() {
    std::optional<Error> fault;
    const auto read = topic_->read(
      places_->ranges(),
      [&](const DeadLetter& letter) {
        const auto verdict = judge(letter);
        ++plan_.count(verdict);
        if (verdict == ReplayVerdict::send)
          fault = add_target(letter);
        return !fault && !stop();
      },
      [this] { return stop(); });
    if (!read)
      return read.error();
    return fault ? Result<void>{*fault} : Result<void>{};
  }

  std::optional<Error> add_target(const DeadLetter& letter) {
    const auto name = destination_of(letter, options_.criteria);
    auto found = plan_.targets.find(name);
    if (found == plan_.targets.end()) {
      if (plan_.targets.size() == max_targets)
        return Error{ErrorCode::invalid_argument,
                     "the dead letters come from more than "
                       + std::to_string(max_targets)
                       + " topics: name some with --source-topic"};
      found = plan_.targets.emplace(name, ReplayTarget{}).first;
    }
    auto& target = found->second;
    ++target.records;
    target.largest_bytes = std::max(target.largest_bytes,
                                    to_replayed(letter).bytes());
    return std::nullopt;
  }

  void print_plan() {
    out_ << "dead letters of " << topic_->name() << ", from where group "
         << group_ << " is\n";
    const auto print = [this](std::uint64_t count, std::string_view words) {
      out_ << std::setw(12) << count << "  " << words;
    };
    if (plan_.targets.empty()) {
      print(0, to_text(ReplayVerdict::send));
      out_ << '\n';
    }
    for (const auto& [name, target] : plan_.targets) {
      print(target.records, to_text(ReplayVerdict::send));
      out_ << " to " << name << '\n';
    }
    for (std::size_t index = 1; index != plan_.counts.size(); ++index)
      if (plan_.counts[index] != 0) {
        print(plan_.counts[index], to_text(static_cast<ReplayVerdict>(index)));
        out_ << '\n';
      }
    out_ << std::flush;
  }

  /// That they are there, and that this user may write to them.
  Result<void> check_targets() {
    auto rights = UserRights::open(topic_->kafka());
    if (!rights)
      return rights.error();
    for (auto& [name, target] : plan_.targets) {
      const auto found = topic_->admin().topic(name, options_.patience);
      if (!found) {
        auto error = with_right(found.error(), "writing to topic " + name,
                                "--operation Write --topic " + name);
        if (error.code == ErrorCode::not_found && plan_.targets.size() > 1)
          error.text += "; or leave its records out: name the others with "
                        "--source-topic";
        return error;
      }
      target.partitions = found->partitions;
      const auto allowed = (*rights)->check_topic(name, UserRights::Use::write,
                                                  options_.patience);
      if (!allowed)
        return with_right(allowed.error(), "writing to topic " + name,
                          "--operation Write --topic " + name);
      if (options_.criteria.to.empty() && name != input_topic_)
        warn("records go to topic " + name
             + ", which is not kafka.input_topic (" + input_topic_ + ")");
    }
    return {};
  }

  void warn(const std::string& text) {
    log_ << "warning: " << text << std::endl;
  }

  // -- Doing it ---------------------------------------------------------------

  ExitCode execute() {
    for (const auto& range : places_->ranges())
      progress_.begin_at(range.partition, range.low);
    // Before anything is sent: whoever may not commit must not send either.
    if (auto begun = places_->commit(progress_.places(), true); !begun)
      return refuse(begun.error());
    auto sender = ReplaySender::open(
      topic_->kafka(), plan_.targets, options_.patience,
      [this](PartitionId partition, Offset offset, const std::string& error) {
        on_done(partition, offset, error);
      });
    if (!sender)
      return refuse(sender.error());
    sender_ = std::move(*sender);
    auto sent = send_all();
    if (const auto ended = end(!sent); !ended && sent)
      sent = ended.error();
    report();
    if (!sent)
      return refuse(sent.error());
    if (stopped_) {
      log_ << "interrupted: the same command "
           << (options_.again ? "without --again " : "") << "goes on from here"
           << std::endl;
      return ExitCode::interrupted;
    }
    return sender_->counts().refused == 0 ? ExitCode::success
                                          : ExitCode::failure;
  }

  void on_done(PartitionId partition, Offset offset, const std::string& error) {
    progress_.on_done(partition, offset);
    if (error.empty())
      return;
    if (refusals_.size() < max_refusals_listed)
      refusals_.push_back(std::to_string(partition.value) + ":"
                          + std::to_string(offset.value) + ": " + error);
  }

  Result<void> send_all() {
    if (plan_.targets.empty())
      return {}; // nothing but to pass
    Result<void> fault;
    const auto read = topic_->read(
      places_->ranges(),
      [&](const DeadLetter& letter) {
        fault = take(letter);
        return fault.has_value() && !stop();
      },
      [this] { return stop(); });
    if (!fault)
      return fault;
    if (auto settled = settle(); !settled)
      return settled;
    return read;
  }

  Result<void> take(const DeadLetter& letter) {
    if (judge(letter) != ReplayVerdict::send) {
      progress_.on_passed(letter.partition, letter.record.offset);
      return {};
    }
    if (auto paced = pace(); !paced || stopped_)
      return paced;
    const auto topic = destination_of(letter, options_.criteria);
    // Between the two readings a topic may have been added to.
    if (plan_.targets.find(topic) == plan_.targets.end())
      return Error{ErrorCode::unavailable,
                   "topic " + topic_->name() + " changed while it was read"};
    progress_.on_sent(letter.partition, letter.record.offset);
    sender_->send(letter, topic);
    show_progress();
    const bool due = SteadyClock::now() - settled_at_ >= commit_interval;
    if (sender_->is_full() || (due && !bucket_.unlimited()))
      return settle_and_commit();
    return {};
  }

  /// Waits until the rate lets one more through.
  Result<void> pace() {
    while (!bucket_.unlimited() && bucket_.available(SteadyClock::now()) == 0) {
      if (!sender_->empty()
          && SteadyClock::now() - settled_at_ >= commit_interval)
        if (auto settled = settle_and_commit(); !settled)
          return settled;
      const auto wait = std::clamp<SteadyClock::duration>(
        bucket_.wait_for(1), shortest_wait, longest_wait);
      if (stop(std::chrono::ceil<std::chrono::microseconds>(wait)))
        return {};
    }
    bucket_.take(1);
    return {};
  }

  Result<void> settle() {
    return sender_->settle(
      [this](std::chrono::microseconds wait) { return stop(wait); });
  }

  Result<void> settle_and_commit() {
    if (auto settled = settle(); !settled)
      return settled;
    settled_at_ = SteadyClock::now();
    if (auto committed = places_->commit(progress_.places(), true); !committed)
      return committed;
    progress_.on_committed();
    return {};
  }

  /// Commits what is done, also where the run broke off.
  Result<void> end(bool failed) {
    if (!failed && !stopped_)
      for (const auto& range : places_->ranges())
        progress_.end_at(range.partition, range.high);
    return places_->commit(progress_.places(), failed);
  }

  void show_progress() {
    const auto now = SteadyClock::now();
    if (options_.quiet || now < next_progress_)
      return;
    if (next_progress_ != SteadyClock::time_point{})
      log_ << "sent " << sender_->counts().sent << " of "
           << plan_.count(ReplayVerdict::send) << std::endl;
    next_progress_ = now + progress_interval;
  }

  void report() {
    const auto& counts = sender_->counts();
    out_ << "sent " << counts.sent << ", delivered " << counts.delivered
         << ", refused " << counts.refused;
    if (counts.retimed != 0)
      out_ << "; " << counts.retimed
           << " with the present time, as the topic refused theirs";
    out_ << '\n';
    for (const auto& refusal : refusals_)
      out_ << "refused " << refusal << '\n';
    if (counts.refused > refusals_.size())
      out_ << "refused " << counts.refused - refusals_.size() << " more\n";
    out_ << "group " << group_ << " is at";
    std::size_t listed = 0;
    for (const auto& [partition, place] : progress_.places())
      if (listed++ < max_places_listed)
        out_ << ' ' << partition.value << ':' << place.value;
    if (listed > max_places_listed)
      out_ << " and in " << listed - max_places_listed << " partitions more";
    out_ << std::endl;
  }

  std::string input_topic_;
  const ReplayOptions& options_;
  std::string group_;
  const StopWaiter& wait_for_stop_;
  std::ostream& out_;
  std::ostream& log_;
  logic::TokenBucket bucket_;
  bool stopped_ = false;
  std::unique_ptr<DeadLetterTopic> topic_;
  std::unique_ptr<ReplayPlaces> places_;
  std::unique_ptr<ReplaySender> sender_;
  Plan plan_;
  logic::ReplayProgress progress_;
  std::vector<std::string> refusals_;
  SteadyClock::time_point settled_at_ = SteadyClock::now();
  SteadyClock::time_point next_progress_{};
};

} // namespace

ExitCode replay_dead_letters(const KafkaConfig& kafka,
                             const ReplayOptions& options,
                             const StopWaiter& wait_for_stop, std::ostream& out,
                             std::ostream& log) {
  return Replay{kafka, options, wait_for_stop, out, log}.run(kafka);
}

} // namespace millrace::node
