#define CAF_SUITE verify

#include "node/verification/delivery_check.hpp"

#include "caf/test/dsl.hpp"

#include "adapters/kafka/embedded_broker.hpp"
#include "adapters/kafka/topic_writer.hpp"
#include "logic/generation/login_generator.hpp"
#include "logic/records/provenance.hpp"
#include "node/commands/command_line.hpp"
#include "node/commands/commands.hpp"
#include "tests/support/captured_output.hpp"

#include <array>
#include <functional>
#include <sstream>

using namespace millrace::logic;
using namespace millrace::node;
namespace kafka = millrace::adapters::kafka;
using verification::Guarantee;

namespace {

constexpr std::int64_t records_per_partition = 50;
constexpr std::int32_t partitions = 2;

/// A record to be written to an outlet.
struct Planned {
  bool dead = false;
  std::int32_t partition = 0;
  std::string value;
  std::string headers;
};

using Plan = std::vector<Planned>;

/// A broker with inputs, and what a node would make of them.
class Stage {
public:
  Stage() {
    kafka::EmbeddedBrokerOptions options;
    options.topics = {{config_.input_topic, partitions},
                      {config_.output_topic, partitions},
                      {config_.dlq_topic, partitions}};
    auto broker = kafka::EmbeddedBroker::start(options);
    CAF_REQUIRE(broker.has_value());
    broker_ = std::move(*broker);
    config_.bootstrap_servers = broker_->bootstrap_servers();
    write_inputs();
  }

  const kafka::KafkaConfig& config() const { return config_; }

  /// As it must be: every tenth record is dead, the others come out.
  Plan clean_plan() const {
    Plan plan;
    for (std::int32_t id = 0; id != partitions; ++id)
      for (std::int64_t offset = 0; offset != records_per_partition; ++offset)
        plan.push_back(planned(id, offset));
    return plan;
  }

  void write(const Plan& plan) {
    auto outputs = open(config_.output_topic);
    auto dead = open(config_.dlq_topic);
    for (const auto& record : plan)
      CAF_REQUIRE((record.dead ? dead : outputs)
                    ->write({.partition = PartitionId{record.partition},
                             .key = "key",
                             .value = record.value,
                             .headers = record.headers}));
    CAF_REQUIRE(outputs->flush(std::chrono::seconds{20}).has_value());
    CAF_REQUIRE(dead->flush(std::chrono::seconds{20}).has_value());
  }

private:
  std::unique_ptr<kafka::TopicWriter> open(const std::string& topic) {
    auto writer = kafka::TopicWriter::open(config_, topic);
    CAF_REQUIRE(writer.has_value());
    return std::move(*writer);
  }

  void write_inputs() {
    auto generator = generation::LoginGenerator::create({});
    CAF_REQUIRE(generator.has_value());
    auto writer = open(config_.input_topic);
    generation::GeneratedBatch batch;
    generator->fill(batch, partitions * records_per_partition);
    for (const auto& record : batch.records()) {
      values_.emplace_back(*batch.value(record));
      const auto id = static_cast<std::int32_t>(record.number
                                                / records_per_partition);
      CAF_REQUIRE(writer->write({.partition = PartitionId{id},
                                 .key = "key",
                                 .value = values_.back(),
                                 .headers = {}}));
    }
    CAF_REQUIRE(writer->flush(std::chrono::seconds{20}).has_value());
  }

  Planned planned(std::int32_t id, std::int64_t offset) const {
    const Provenance source{config_.input_topic, PartitionId{id},
                            Offset{offset}};
    Planned record;
    record.partition = id;
    record.value
      = values_[static_cast<std::size_t>(id * records_per_partition + offset)];
    record.dead = offset % 10 == 3;
    if (record.dead) {
      DeadLetterNote note;
      note.source = source;
      append_dead_letter_note(record.headers, note);
      return record;
    }
    record.value.pop_back();
    record.value += R"(,"ip_class":"public",)";
    append_source_member(record.value, source);
    record.value += '}';
    return record;
  }

  std::unique_ptr<kafka::EmbeddedBroker> broker_;
  kafka::KafkaConfig config_;
  std::vector<std::string> values_;
};

struct Report {
  ExitCode code = ExitCode::success;
  std::string text;
  std::string complaints;

  bool says(std::string_view words) const {
    return text.find(words) != std::string::npos;
  }
};

Report verify(const kafka::KafkaConfig& config,
              const DeliveryCheckOptions& options = {}) {
  std::ostringstream out;
  std::ostringstream complaints;
  Report report;
  report.code = report_delivery(config, options, out, complaints);
  report.text = out.str();
  report.complaints = complaints.str();
  return report;
}

/// What `verify` says after the plan was spoiled.
Report verify_spoiled(const std::function<void(Plan&)>& spoil,
                      Guarantee guarantee = Guarantee::exactly_once) {
  Stage stage;
  auto plan = stage.clean_plan();
  spoil(plan);
  stage.write(plan);
  DeliveryCheckOptions options;
  options.guarantee = guarantee;
  return verify(stage.config(), options);
}

void check_caught(const Report& report, std::string_view offender) {
  CAF_CHECK(report.code == ExitCode::verdict_failed);
  if (!report.says(offender))
    CAF_ERROR("not in the report: " << std::string{offender} << "\n"
                                    << report.text << report.complaints);
  CAF_CHECK(report.says("verdict: failed"));
}

} // namespace

CAF_TEST(a_clean_run_passes) {
  Stage stage;
  stage.write(stage.clean_plan());
  DeliveryCheckOptions options;
  options.guarantee = Guarantee::exactly_once;
  options.expect_dead = 10;
  auto report = verify(stage.config(), options);
  CAF_CHECK(report.code == ExitCode::success);
  CAF_CHECK(report.says("verdict: passed"));
  CAF_CHECK_EQUAL(report.complaints, "");
  options.expect_dead = 9;
  CAF_CHECK(verify(stage.config(), options).code == ExitCode::verdict_failed);
  options.expect_dead.reset();
  options.from = 10;
  options.to = 20;
  options.json = true;
  report = verify(stage.config(), options);
  CAF_CHECK(report.code == ExitCode::success);
  CAF_CHECK(report.says(R"("total":{"input":20,"output":18,"dead":2)"));
}

CAF_TEST(added_members_are_known_by_the_configured_prefix) {
  Stage stage;
  auto plan = stage.clean_plan();
  for (auto& record : plan)
    if (!record.dead)
      for (const std::string name : {"\"ip_class\":", "\"source\":"}) {
        const auto position = record.value.rfind(name);
        CAF_REQUIRE(position != std::string::npos);
        record.value.insert(position + 1, "mr_");
      }
  stage.write(plan);
  CAF_CHECK(verify(stage.config()).code == ExitCode::verdict_failed);
  const std::array<AddCommand, 1> all{commands::add_verify};
  std::ostringstream err;
  millrace::tests::CapturedOutput output{1};
  const std::array<const char*, 7> arguments{
    "millrace",
    "verify",
    "--bootstrap-servers",
    stage.config().bootstrap_servers.c_str(),
    "--exactly-once",
    "--set",
    "output.member_prefix=mr_"};
  CAF_CHECK(run_command_line(arguments, all, err, err) == ExitCode::success);
}

CAF_TEST(a_planted_loss_is_caught) {
  const auto report = verify_spoiled(
    [](Plan& plan) { plan.erase(plan.begin() + 57); });
  check_caught(report, "lost: partition 1 offset 7: ");
}

CAF_TEST(a_planted_double_is_caught_under_exactly_once) {
  const auto spoil = [](Plan& plan) {
    plan.insert(plan.begin() + 60, Planned{plan[57]});
  };
  check_caught(verify_spoiled(spoil), "doubled: partition 1 offset 7: ");
  CAF_CHECK(verify_spoiled(spoil, Guarantee::at_least_once).code
            == ExitCode::success);
}

CAF_TEST(a_planted_swap_is_caught) {
  const auto report = verify_spoiled(
    [](Plan& plan) { std::swap(plan[20], plan[21]); },
    Guarantee::at_least_once);
  check_caught(report, "swapped: partition 0 offset 20: ");
}

CAF_TEST(a_planted_corrupted_dead_letter_is_caught) {
  const auto report = verify_spoiled([](Plan& plan) {
    CAF_REQUIRE(plan[53].dead);
    plan[53].value[20] ^= 1;
  });
  check_caught(report, "corrupted: partition 1 offset 3: dead letter");
}

CAF_TEST(a_planted_foreign_output_is_caught) {
  const auto report = verify_spoiled([](Plan& plan) {
    Planned foreign;
    foreign.value = R"({"user_id":"u",)";
    append_source_member(foreign.value,
                         {"user-login", PartitionId{0}, Offset{4711}});
    foreign.value += '}';
    plan.push_back(foreign);
  });
  check_caught(report, "foreign: partition 0 offset 4711: output");
}

CAF_TEST(an_unknown_topic_is_named) {
  Stage stage;
  auto config = stage.config();
  config.output_topic = "nowhere";
  const auto report = verify(config);
  CAF_CHECK(report.code == ExitCode::unavailable);
  CAF_CHECK(report.complaints.find("nowhere") != std::string::npos);
}

CAF_TEST(a_broker_that_is_not_there_is_said_to_be) {
  kafka::KafkaConfig config;
  config.bootstrap_servers = "127.0.0.1:1";
  DeliveryCheckOptions options;
  options.patience = std::chrono::milliseconds{500};
  const auto report = verify(config, options);
  CAF_CHECK(report.code == ExitCode::unavailable);
  CAF_CHECK(report.complaints.starts_with("error: cannot verify: "));
}

CAF_TEST(the_command_line_reaches_the_judge) {
  Stage stage;
  auto plan = stage.clean_plan();
  plan.erase(plan.begin() + 5);
  stage.write(plan);
  const std::array<AddCommand, 1> all{commands::add_verify};
  std::ostringstream err;
  millrace::tests::CapturedOutput output{1};
  const std::array<const char*, 7> arguments{
    "millrace",
    "verify",
    "--bootstrap-servers",
    stage.config().bootstrap_servers.c_str(),
    "--exactly-once",
    "--offenders",
    "3"};
  const auto code = run_command_line(arguments, all, err, err);
  CAF_CHECK(code == ExitCode::verdict_failed);
  CAF_CHECK(output.text().find("lost: partition 0 offset 5: ")
            != std::string::npos);
  const std::array<const char*, 4> both{"millrace", "verify", "--exactly-once",
                                        "--at-least-once"};
  CAF_CHECK(run_command_line(both, all, err, err) == ExitCode::usage);
}
