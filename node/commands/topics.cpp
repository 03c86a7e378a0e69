#include "adapters/kafka/group_inspector.hpp"
#include "adapters/kafka/key_sample.hpp"
#include "adapters/kafka/topic_admin.hpp"
#include "logic/core/nearest_word.hpp"
#include "node/commands/command_options.hpp"
#include "node/commands/commands.hpp"
#include "node/commands/config_options.hpp"
#include "node/commands/terminal.hpp"
#include "node/commands/topic_report.hpp"
#include "node/commands/topic_wishes.hpp"

#include <CLI/Option.hpp>
#include <CLI/Validators.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace millrace::node::commands {

namespace {

namespace kafka = adapters::kafka;
namespace json = boost::json;

using kafka::OrderMode;
using logic::Error;
using logic::ErrorCode;
using logic::Result;
using std::chrono::milliseconds;

struct TopicsOptions {
  std::shared_ptr<ConfigOptions> config;
  std::vector<std::string> names; ///< or name:partitions:replication
  std::vector<std::string> settings; ///< NAME=VALUE of a topic
  std::int32_t partitions = 0;
  milliseconds deadline{10'000}; ///< of each question
  bool dry_run = false;
  bool yes = false;
  bool as_json = false;

  OrderMode mode() const {
    return dry_run ? OrderMode::validate : OrderMode::carry_out;
  }
};

/// What each of the commands has to work with.
struct Workplace {
  const TopicsOptions& options;
  NodeConfig config;
  std::unique_ptr<kafka::TopicAdmin> admin;
};

using Work = ExitCode (*)(Workplace&);

ExitCode run(const TopicsOptions& options, Work work) {
  auto loaded = load_config(*options.config);
  if (!accept_config(loaded, std::cerr))
    return ExitCode::invalid_config;
  auto admin = kafka::TopicAdmin::open(loaded.config.kafka);
  if (!admin)
    return refuse_kafka(admin.error());
  Workplace place{options, std::move(loaded.config), *std::move(admin)};
  return work(place);
}

// -- list ---------------------------------------------------------------------

ExitCode list(Workplace& place) {
  const auto found = place.admin->topics(place.options.deadline);
  if (!found)
    return refuse_kafka(found.error());
  std::vector<ListedTopic> topics;
  topics.reserve(found->size());
  for (const auto& topic : *found)
    topics.push_back({topic.name, topic, role_of(place.config, topic.name)});
  for (const auto& name : used_topics(place.config))
    if (std::ranges::find(topics, name, &ListedTopic::name) == topics.end())
      topics.push_back({name, {}, role_of(place.config, name)});
  if (place.options.as_json)
    std::cout << json::serialize(topics_document(topics)) << std::endl;
  else
    std::cout << draw_topics(topics, output_canvas()) << std::flush;
  return ExitCode::success;
}

// -- describe -----------------------------------------------------------------

/// The fault of a topic, with a topic of about that name where there is one.
Error with_nearest_name(Workplace& place, Error fault,
                        const std::string& topic) {
  if (fault.code != ErrorCode::not_found)
    return fault;
  std::vector<std::string> names;
  const auto topics = place.admin->topics(place.options.deadline);
  if (topics)
    for (const auto& each : *topics)
      names.push_back(each.name);
  fault.text += logic::suggestion(topic, names);
  return fault;
}

Result<FullTopic> complete(Workplace& place,
                           kafka::TopicDescription description) {
  const auto deadline = place.options.deadline;
  if (description.fault)
    return with_nearest_name(place, *description.fault, description.name);
  FullTopic topic{std::move(description), {}, {}, {}};
  const auto& name = topic.description.name;
  topic.role = role_of(place.config, name);
  std::vector<logic::PartitionId> led;
  for (const auto& partition : topic.description.partitions)
    if (partition.leader)
      led.push_back(partition.partition);
  auto extents = place.admin->extents(name, led, deadline);
  if (!extents)
    return extents.error();
  topic.extents = *std::move(extents);
  if (auto settings = place.admin->settings({&name, 1}, deadline))
    if (const auto own = settings->find(name); own != settings->end())
      topic.settings = std::move(own->second);
  return topic;
}

ExitCode describe(Workplace& place) {
  const auto& names = place.options.names;
  auto found = place.admin->describe(
    names.empty() ? used_topics(place.config) : names, place.options.deadline);
  if (!found)
    return refuse_kafka(found.error());
  auto outcome = ExitCode::success;
  json::array list;
  for (auto& description : *found) {
    const auto topic = complete(place, std::move(description));
    if (!topic)
      outcome = refuse_kafka(topic.error());
    else if (place.options.as_json)
      list.push_back(topic_document(*topic));
    else
      std::cout << draw_topic(*topic, output_canvas()) << std::flush;
  }
  if (place.options.as_json)
    std::cout << json::serialize(list) << std::endl;
  return outcome;
}

// -- create -------------------------------------------------------------------

/// The list of topics with the settings of the command line.
Result<std::vector<kafka::TopicSpec>> wanted(Workplace& place) {
  auto specs = wanted_topics(place.config, place.options.names);
  if (!specs)
    return specs.error();
  for (const auto& text : place.options.settings) {
    auto setting = kafka::parse_property(text);
    if (!setting)
      return Error{ErrorCode::invalid_argument,
                   "--setting \"" + text
                     + "\": write NAME=VALUE, as cleanup.policy=compact"};
    for (auto& spec : *specs)
      spec.settings[setting->first] = setting->second;
  }
  return specs;
}

ExitCode create(Workplace& place) {
  const auto specs = wanted(place);
  if (!specs)
    return refuse_usage(specs.error());
  if (specs->empty())
    return refuse_usage({ErrorCode::invalid_argument,
                         "no topic is named: write name:partitions:replication,"
                         " or set kafka.create_topics (KAFKA_CREATE_TOPICS)"});
  const auto outcomes = place.admin->create_each(*specs, place.options.deadline,
                                                 place.options.mode());
  if (!outcomes)
    return refuse_kafka(outcomes.error());
  auto outcome = ExitCode::success;
  for (const auto& [name, existed, fault] : *outcomes) {
    if (fault) {
      outcome = refuse_kafka(*fault);
      continue;
    }
    const auto spec = std::ranges::find(*specs, name, &kafka::TopicSpec::name);
    const auto* word = existed                 ? "exists   "
                       : place.options.dry_run ? "would create "
                                               : "created  ";
    std::cout << word << name;
    if (!existed && spec != specs->end())
      std::cout << ": " << numbers_text(spec->partitions, spec->replication);
    std::cout << std::endl;
  }
  return outcome;
}

// -- raise --------------------------------------------------------------------

/// What the raise means for the order of records. What cannot be asked is taken
/// to be at risk.
std::vector<std::string> risks_of(Workplace& place, const std::string& topic,
                                  std::int32_t partitions) {
  const auto& config = place.config.kafka;
  const auto deadline = place.options.deadline;
  logic::PartitionRaise raise;
  raise.topic = topic;
  raise.role = role_of(place.config, topic);
  raise.from = partitions;
  raise.to = place.options.partitions;
  raise.keys = kafka::sample_keys(config, topic, deadline);
  raise.partitioned_by_key = config.partitioning == "key";
  if (const auto input = place.admin->topic(config.input_topic, deadline))
    raise.input_partitions = input->partitions;
  if (raise.role == logic::TopicRole::input)
    if (const auto inspector = kafka::GroupInspector::open(config))
      if (const auto sight
          = (*inspector)->look(config.consumer_group, {}, deadline))
        raise.group_members = sight->members.size();
  return order_risks(raise);
}

/// Whose numbers of partitions brokers reckon with once they are at work: with
/// another one, groups and transactions are no longer found.
bool is_of_kafka_itself(const std::string& topic) {
  return topic == "__consumer_offsets" || topic == "__transaction_state"
         || topic == "__share_group_state";
}

ExitCode raise(Workplace& place) {
  const auto& options = place.options;
  const auto& topic = options.names.front();
  if (is_of_kafka_itself(topic))
    return refuse_usage({ErrorCode::invalid_argument,
                         "topic " + topic
                           + " is Kafka's own: with another number of "
                             "partitions its brokers would no longer find "
                             "what is in it"});
  auto found = place.admin->describe({&topic, 1}, options.deadline);
  if (!found)
    return refuse_kafka(found.error());
  const auto& description = found->front();
  if (description.fault)
    return refuse_kafka(with_nearest_name(place, *description.fault, topic));
  const auto present = static_cast<std::int32_t>(description.partitions.size());
  if (options.partitions <= present)
    return refuse_usage(
      {ErrorCode::invalid_argument,
       "topic " + topic + " has " + std::to_string(present)
         + " partitions already; --partitions must be more, as Kafka never "
           "lowers them"});
  const auto risks = risks_of(place, topic, present);
  for (const auto& risk : risks)
    std::cerr << "warning: " << risk << std::endl;
  if (!risks.empty() && !options.yes && !options.dry_run) {
    std::cerr << "error: nothing was changed; give --yes to raise topic "
              << topic << " all the same" << std::endl;
    return ExitCode::failure;
  }
  const auto raised = place.admin->raise_partitions(
    topic, options.partitions, options.deadline, options.mode());
  if (!raised)
    return refuse_kafka(raised.error());
  std::cout << (options.dry_run ? "would raise " : "raised ") << topic
            << " from " << present << " to " << options.partitions
            << " partitions" << std::endl;
  return ExitCode::success;
}

// -- diff ---------------------------------------------------------------------

ExitCode diff(Workplace& place) {
  const auto specs = wanted(place);
  if (!specs)
    return refuse_usage(specs.error());
  const auto wishes = to_wishes(place.config, *specs,
                                place.options.names.empty());
  const auto facts = topic_facts(*place.admin, wishes, place.options.deadline);
  if (!facts)
    return refuse_kafka(facts.error());
  const auto found = logic::differences(wishes, *facts);
  if (place.options.as_json) {
    json::array list;
    for (const auto& difference : found)
      list.push_back(difference_document(difference));
    std::cout << json::serialize(list) << std::endl;
  } else {
    for (const auto& difference : found)
      std::cout << difference_line(difference) << '\n';
    if (found.empty())
      std::cout << "all is as wanted: " << wishes.size() << " topics\n";
    std::cout << std::flush;
  }
  return found.empty() ? ExitCode::success : ExitCode::verdict_failed;
}

// -- The command line ---------------------------------------------------------

struct Declared {
  CLI::App& command;
  std::shared_ptr<TopicsOptions> options;
};

Declared declare(CLI::App& group, ExitCode& outcome, const char* name,
                 const char* help, Work work) {
  auto* command = group.add_subcommand(name, help);
  auto options = std::make_shared<TopicsOptions>();
  options->config = add_config_options(*command);
  add_duration(*command, "--deadline", options->deadline, milliseconds{1},
               "how long to wait for each answer (default 10s)");
  command->callback(
    [options, work, &outcome] { outcome = run(*options, work); });
  return {*command, options};
}

void add_dry_run(const Declared& declared) {
  declared.command.add_flag("--dry-run", declared.options->dry_run,
                            "ask the brokers whether they would, change "
                            "nothing");
}

/// The list of topics, as `create` and `diff` take it.
void add_list(const Declared& declared) {
  auto& [command, options] = declared;
  command
    .add_option("topics", options->names,
                "name:partitions:replication; else those of "
                "kafka.create_topics")
    ->type_name("TOPIC");
  command
    .add_option("--setting", options->settings,
                "of each of these topics, as cleanup.policy=compact; may be "
                "repeated")
    ->type_name("NAME=VALUE")
    ->expected(1)
    ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

} // namespace

void add_topics(CLI::App& app, ExitCode& outcome) {
  auto* group = app.add_subcommand(
    "topics", "List, describe, create and compare topics, and raise their "
              "numbers of partitions.");
  group->require_subcommand(1);
  const auto listing = declare(*group, outcome, "list",
                               "List all topics, and what of them a node uses.",
                               list);
  add_format(listing.command, listing.options->as_json);
  const auto describing = declare(
    *group, outcome, "describe",
    "Tell all of topics: partitions, copies, offsets, settings.", describe);
  add_topic_names(describing.command, "topics", describing.options->names,
                  "else those that a node uses");
  add_format(describing.command, describing.options->as_json);
  const auto creating = declare(
    *group, outcome, "create",
    "Create topics that are missing; those that exist stay as they are.",
    create);
  add_list(creating);
  add_dry_run(creating);
  const auto raising = declare(
    *group, outcome, "raise",
    "Give a topic more partitions. Where that breaks the order of keys it says "
    "so and wants --yes.",
    raise);
  add_topic_names(raising.command, "topic", raising.options->names,
                  "the topic to change")
    ->required()
    ->expected(1);
  raising.command
    .add_option("--partitions", raising.options->partitions,
                "how many it shall have")
    ->type_name("COUNT")
    ->required()
    ->check(CLI::Range(1, 100'000));
  add_dry_run(raising);
  raising.command.add_flag("--yes", raising.options->yes,
                           "raise them although the order of keys breaks");
  const auto comparing = declare(
    *group, outcome, "diff",
    "Compare the topics that are wanted with those that are; exit code 4 where "
    "they differ.",
    diff);
  add_list(comparing);
  add_format(comparing.command, comparing.options->as_json);
}

} // namespace millrace::node::commands
