#include "node/chaos/storm_run.hpp"

#include "adapters/kafka/topic_reader.hpp"
#include "node/chaos/fault_thread.hpp"
#include "node/chaos/poison_planter.hpp"
#include "node/chaos/quiescence_watch.hpp"
#include "node/chaos/recovery_log.hpp"
#include "node/chaos/storm_screen.hpp"
#include "node/demo/load_thread.hpp"
#include "node/demo/sandbox.hpp"
#include "node/lifecycle/run_until_stopped.hpp"
#include "node/telemetry/logging.hpp"
#include "node/verification/delivery_check.hpp"

#include <algorithm>
#include <atomic>
#include <fstream>
#include <memory>
#include <utility>

namespace millrace::node::chaos {

namespace {

using namespace std::chrono_literals;
using logic::Error;
using logic::ErrorCode;
using logic::Result;
using logic::faults::TimedFault;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr auto look_interval = 250ms;
/// A list of recoveries is long, and whoever gives it has other things to do.
constexpr auto recoveries_interval = 2s;
constexpr auto ready_limit = 30s;
/// The end is given up if nothing more is finished for so long.
constexpr auto patience = 60s;
/// From so long on the topics are asked whether the end is there unnoticed.
constexpr auto doubt = 15s;
/// For actors that are down when everything else is over.
constexpr auto calm_limit = 10s;

std::uint64_t peak_memory_bytes() {
  std::ifstream file{"/proc/self/status"};
  for (std::string name; file >> name;)
    if (std::uint64_t kib = 0; name == "VmHWM:" && file >> kib)
      return kib * 1024;
  return 0;
}

/// How a phase of a storm ended.
enum class End : std::uint8_t { reached, interrupted, node_ended, broke_down };

class StormRun {
public:
  StormRun(const NodeConfig& config, const StormOptions& options,
           demo::BrokerProcess& broker, std::shared_ptr<Logging> log,
           SignalWaiter& waiter, std::ostream& out)
    : config_(config), options_(options), broker_(broker), log_(std::move(log)),
      waiter_(waiter), out_(out),
      screen_(out, {options.terminal, options.timeline}), begin_(Clock::now()),
      watch_(begin_),
      deadline_(begin_
                + std::max(5 * options.duration,
                           options.duration + milliseconds{10min})) {
    report_.seed = options.seed;
    report_.planned = options.faults.size();
    report_.duration = options.duration;
    report_.again = options.again;
  }

  Result<std::optional<StormReport>> run() {
    if (auto opened = open(); !opened)
      return opened.error();
    auto end = await_ready();
    if (end == End::reached)
      end = storm();
    if (end == End::reached)
      end = await_quiescence();
    if (end == End::reached)
      end = await_calm();
    screen_.close();
    report_.peak_memory_bytes = peak_memory_bytes();
    report_.recoveries = recoveries_.all();
    // Now, as a node that cannot stop takes the process with it.
    if (end == End::reached || end == End::node_ended)
      print_report(out_, report_);
    out_ << "\nThe node is being stopped, then the topics are read."
         << std::endl;
    report_.stop_code = to_int(stop_node(std::move(node_), *log_, waiter_,
                                         config_.delivery.shutdown_deadline,
                                         nullptr));
    if (end == End::interrupted)
      return std::optional<StormReport>{};
    if (end == End::broke_down)
      return Error{ErrorCode::unavailable, breakdown_};
    if (auto judged = judge(); !judged)
      return judged.error();
    return std::optional{std::move(report_)};
  }

private:
  Result<void> open() {
    auto planter = PoisonPlanter::open(config_.kafka, options_.seed);
    if (!planter)
      return planter.error();
    planter_ = std::move(*planter);
    auto node = Node::start(config_, log_, [this] {
      node_ended_ = true;
      waiter_.wake();
    });
    if (!node)
      return node.error();
    node_ = std::move(*node);
    return {};
  }

  milliseconds elapsed() const {
    return std::chrono::duration_cast<milliseconds>(Clock::now() - begin_);
  }

  /// Waits a moment and looks at the node; nothing where it should go on.
  std::optional<End> look() {
    const auto wakeup = waiter_.wait(look_interval);
    if (wakeup.asks_to_stop())
      return End::interrupted;
    if (faults_ != nullptr)
      take_outcomes(*faults_);
    take_status();
    if (node_ended_)
      return End::node_ended;
    if (!broker_.running())
      return broke_down("the embedded broker died");
    return std::nullopt;
  }

  void take_status() {
    auto status = node_->status();
    ready_ = false;
    if (const auto& consumer = status.consumer) {
      watch_.take(*consumer, Clock::now());
      lag_ = 0;
      for (const auto& partition : consumer->partitions)
        lag_ += partition.lag_records.value_or(0);
      ready_ = consumer->assigned && !consumer->partitions.empty();
    }
    if (status.dispatcher)
      report_.redispatched = std::max(report_.redispatched,
                                      status.dispatcher->redispatched);
    if (node_ended_)
      report_.node_failure = status.failure.empty() ? "it did not say why"
                                                    : status.failure;
    if (status.supervisor) {
      report_.restarts = restarts_of(status.supervisor->tree);
      down_ = down_in(status.supervisor->tree);
    }
    if (options_.timeline || Clock::now() >= recoveries_due_)
      take_recoveries();
  }

  void take_recoveries() {
    recoveries_due_ = Clock::now() + recoveries_interval;
    for (const auto& recovery : recoveries_.take(node_->recoveries()))
      screen_.note(recovery, elapsed());
  }

  void show() {
    screen_.show({elapsed(), tried_, options_.faults.size(),
                  recoveries_.all().size(), watch_.finished_records(), lag_});
  }

  End broke_down(std::string why) {
    breakdown_ = std::move(why);
    return End::broke_down;
  }

  /// The storm begins when the node has partitions to work on.
  End await_ready() {
    const auto until = Clock::now() + ready_limit;
    for (;;) {
      if (const auto end = look())
        return *end;
      if (ready_)
        return End::reached;
      if (Clock::now() >= until)
        return broke_down("the node got no partitions within "
                          + std::to_string(ready_limit.count()) + " s");
    }
  }

  End storm() {
    auto generator = logic::generation::LoginGenerator::create(
      load_options().generator);
    if (!generator)
      return broke_down(generator.error().text);
    begin_ = Clock::now();
    FaultThread faults{options_.faults, {*node_, broker_, *planter_}, begin_};
    faults_ = &faults;
    demo::LoadThread load{load_kafka(), load_options(), *generator};
    const auto end = follow(faults, load);
    faults_ = nullptr;
    load.join();
    report_.written = load.sent() + planter_->planted();
    if (end == End::reached && load.code() != ExitCode::success)
      return broke_down("the load failed: " + load.messages());
    return end;
  }

  /// Until load and faults are done.
  End follow(FaultThread& faults, const demo::LoadThread& load) {
    for (;;) {
      const bool done = load.done() && faults.done();
      const auto end = look();
      if (auto why = faults.breakdown(); !why.empty())
        return broke_down(std::move(why));
      if (end)
        return *end;
      show();
      if (done)
        return End::reached;
      if (Clock::now() >= deadline_)
        return broke_down("the load or the faults did not end in time");
    }
  }

  LoadOptions load_options() const {
    LoadOptions load;
    load.rate = options_.rate;
    load.count = events_of(options_);
    load.quiet = true;
    load.flush_deadline = patience;
    load.generator.seed = options_.seed;
    load.generator.bad_share = options_.bad_share;
    load.generator.population = 4'000;
    return load;
  }

  adapters::kafka::KafkaConfig load_kafka() const {
    auto kafka = config_.kafka;
    kafka.linger = std::max(kafka.linger, linger_of(options_));
    return kafka;
  }

  void take_outcomes(FaultThread& faults) {
    for (const auto& outcome : faults.take_outcomes()) {
      auto& count = report_.of(outcome.fault.order.kind);
      ++(outcome.refusal.empty() ? count.done : count.impossible);
      ++tried_;
      if (outcome.refusal.empty()
          && outcome.fault.order.kind == logic::faults::FaultKind::hang)
        report_.hangs.push_back({outcome.fault.order, begin_ + outcome.at});
      screen_.note(outcome);
    }
  }

  /// Until every record that was written is finished.
  End await_quiescence() {
    auto reader = adapters::kafka::TopicReader::open(config_.kafka);
    if (!reader)
      return broke_down(reader.error().text);
    auto extent = (*reader)->extent(config_.kafka.input_topic, patience);
    if (!extent)
      return broke_down(extent.error().text);
    for (const auto& partition : *extent)
      watch_.set_end(partition.partition, partition.high);
    auto next_doubt = Clock::now() + doubt;
    while (!watch_.quiescent()) {
      if (const auto end = look())
        return *end;
      show();
      const auto now = Clock::now();
      if (watch_.still_for(now) >= doubt && now >= next_doubt) {
        if (all_ended())
          return End::reached;
        next_doubt = Clock::now() + doubt;
      }
      if (watch_.still_for(now) < patience && now < deadline_)
        continue;
      report_.not_quiescent = std::to_string(watch_.open_records())
                              + " records were not finished when "
                              + (now < deadline_
                                   ? "nothing had moved for 60 s"
                                   : "the time for the whole run was over");
      return End::reached;
    }
    return End::reached;
  }

  DeliveryCheckOptions check_options() const {
    DeliveryCheckOptions options;
    options.member_prefix = config_.encoding.member_prefix;
    return options;
  }

  /// Asks the topics, which takes a while.
  bool all_ended() const {
    const auto check = check_delivery(config_.kafka, check_options());
    return check && check->report.total.lost == 0;
  }

  /// Waits for actors that are still down, so that the report is complete.
  End await_calm() {
    const auto until = Clock::now() + calm_limit;
    for (;;) {
      if (const auto end = look())
        return *end;
      if (down_ == 0 || Clock::now() >= until)
        break;
    }
    take_recoveries();
    return End::reached;
  }

  Result<void> judge() {
    auto check = check_delivery(config_.kafka, check_options());
    if (!check)
      return check.error();
    report_.deliveries = std::move(check->report);
    auto poison = planter_->look_for_them();
    if (!poison)
      return poison.error();
    report_.poison = *poison;
    return {};
  }

  const NodeConfig& config_;
  const StormOptions& options_;
  demo::BrokerProcess& broker_;
  std::shared_ptr<Logging> log_;
  SignalWaiter& waiter_;
  std::ostream& out_;
  StormScreen screen_;
  Clock::time_point begin_;
  QuiescenceWatch watch_;
  Clock::time_point deadline_;
  RecoveryLog recoveries_;
  Clock::time_point recoveries_due_;
  StormReport report_;
  std::string breakdown_;
  std::uint64_t tried_ = 0; ///< faults
  std::int64_t lag_ = 0;
  std::size_t down_ = 0; ///< actors
  bool ready_ = false;
  std::atomic<bool> node_ended_ = false;
  FaultThread* faults_ = nullptr; ///< while there are some
  std::unique_ptr<PoisonPlanter> planter_;
  std::unique_ptr<Node> node_;
};

} // namespace

Result<std::optional<StormReport>>
run_storm(LoadedConfig loaded, const StormOptions& options,
          SignalWaiter& waiter, std::ostream& out) {
  if (auto enough = check_memory(options); !enough)
    return enough.error();
  auto sandbox = demo::Sandbox::open(
    loaded, {.purpose = "chaos", .retention_mib = retention_mib(options)});
  if (!sandbox)
    return sandbox.error();
  // One that is kept elsewhere tells of other topics.
  if (auto& journal = loaded.config.delivery.crash_journal; !journal.empty())
    journal = ((*sandbox)->folder() / "crash-journal").string();
  auto log = Logging::start(loaded.config.log);
  if (!log)
    return log.error();
  return StormRun{loaded.config, options, (*sandbox)->broker(),
                  *log,          waiter,  out}
    .run();
}

} // namespace millrace::node::chaos
