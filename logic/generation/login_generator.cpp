#include "logic/generation/login_generator.hpp"

#include "logic/generation/event_text.hpp"
#include "logic/generation/spoil.hpp"
#include "logic/generation/story_script.hpp"
#include "logic/geo/demo_cities.hpp"

#include <algorithm>
#include <utility>

namespace millrace::logic::generation {

namespace {

constexpr std::size_t population_limit = 10'000'000;
constexpr std::size_t story_limit = 100'000;
constexpr std::size_t value_bytes_limit = 64U << 20U;

/// Addresses that one household comes from.
constexpr std::uint32_t addresses_per_user = 3;

/// Event time that leaves room for holidays after an ordinary past.
constexpr std::int64_t shortest_span_ms = 20LL * 24 * 3600 * 1000;

/// Event time that passes in the part of the stream with the stories.
std::int64_t span_ms(const GeneratorConfig& config) {
  return static_cast<std::int64_t>(config.story_horizon)
         * (config.event_interval_us / 1000);
}

Error refuse(std::string text) {
  return {ErrorCode::invalid_argument, std::move(text)};
}

bool is_share(double share) {
  return share >= 0.0 && share <= 1.0;
}

Result<void> check(const GeneratorConfig& config) {
  if (!is_share(config.bad_share))
    return refuse("the share of bad records must lie between 0 and 1");
  if (!is_share(config.no_device_type_share))
    return refuse("the share without device_type must lie between 0 and 1");
  if (!is_share(config.failure_share))
    return refuse("the share of failed logins must lie between 0 and 1");
  if (config.bad_share > 0.0 && config.bad_kinds.empty())
    return refuse("a share of bad records needs at least one kind");
  if (config.event_interval_us < 0)
    return refuse("event time must not run backwards");
  if (config.too_large_bytes > value_bytes_limit)
    return refuse("values of more than 64 MiB are not generated");
  if (config.population > population_limit)
    return refuse("a population of more than 10000000 does not fit");
  const auto stories = config.stories.total();
  if (stories > story_limit)
    return refuse("more than 100000 stories do not fit");
  if (stories != 0 && config.population == 0)
    return refuse("stories need a population to stand out from");
  if (config.stories.records() > config.story_horizon)
    return refuse("the " + std::to_string(stories) + " stories need "
                  + std::to_string(config.stories.records())
                  + " records of the stream, but there are only "
                  + std::to_string(config.story_horizon));
  if (config.stories.sprays != 0 && config.population < spray_logins)
    return refuse("a spray needs a population of at least "
                  + std::to_string(spray_logins));
  if (config.stories.holidays != 0 && span_ms(config) < shortest_span_ms)
    return refuse("holidays need 20 days of event time: see --event-span");
  if (!config.lines)
    return {};
  if (config.lines->empty())
    return refuse("there are no lines to send");
  if (config.bad_share > 0.0 || config.population != 0)
    return refuse("lines are sent as they are: no bad records and no "
                  "population beside them");
  return {};
}

} // namespace

std::optional<std::string_view>
GeneratedBatch::value(const GeneratedRecord& record) const noexcept {
  if (record.tombstone)
    return std::nullopt;
  return std::string_view{bytes_}.substr(record.value_begin,
                                         record.value_bytes);
}

struct LoginGenerator::State {
  explicit State(GeneratorConfig given)
    : config(std::move(given)), random(config.seed),
      tells_outcome(config.failure_share > 0.0
                    || config.stories.has_failures()),
      base_time_ms(config.start_time_ms) {
    users.reserve(config.population);
    while (users.size() != config.population)
      users.push_back(make_returning_user(random));
    script = write_script({.counts = config.stories,
                           .horizon = config.story_horizon,
                           .event_interval_us = config.event_interval_us},
                          random);
    openings_ms.resize(script.stories.size());
    for (std::size_t index = 0; index != script.stories.size(); ++index)
      if (script.stories[index].kind == StoryKind::password_spray)
        script.stories[index].address = to_string(spray_address(index));
  }

  std::int64_t stream_time_ms() const noexcept {
    const auto passed = static_cast<std::int64_t>(number - base_number);
    return base_time_ms + passed * config.event_interval_us / 1000;
  }

  bool exhausted() const noexcept {
    return config.lines && !config.cycle_lines
           && number >= config.lines->size();
  }

  void append(GeneratedRecord& record, std::string& bytes);
  void append_line(GeneratedRecord& record, std::string& bytes);
  void append_scripted(GeneratedRecord& record, std::string& bytes);
  void append_of_population(GeneratedRecord& record, std::string& bytes);
  void append_of_stranger(GeneratedRecord& record, std::string& bytes);
  void append_drawn(GeneratedRecord& record, EventFields& event,
                    std::string& bytes);
  void append_event(GeneratedRecord& record, EventFields& event,
                    std::string& bytes);
  geo::IpAddress spray_address(std::size_t story) const;
  std::string_view outcome(bool failed) const noexcept;
  std::uint32_t home_address(const ReturningUser& user, std::uint32_t city);

  GeneratorConfig config;
  RandomStream random;
  bool tells_outcome;
  std::uint64_t number = 0;
  std::uint64_t base_number = 0;
  std::int64_t base_time_ms = 0;
  std::vector<ReturningUser> users;
  StoryScript script;
  std::size_t next_scripted = 0;
  std::vector<std::int64_t> openings_ms; ///< when each story opened
};

void LoginGenerator::State::append(GeneratedRecord& record,
                                   std::string& bytes) {
  record.number = number;
  record.event_time_ms = stream_time_ms();
  record.key_begin = bytes.size();
  bytes.resize(bytes.size() + uuid_bytes);
  write_uuid(bytes.data() + record.key_begin, random);
  record.value_begin = bytes.size();
  if (config.lines)
    append_line(record, bytes);
  else if (next_scripted != script.logins.size()
           && script.logins[next_scripted].number == number)
    append_scripted(record, bytes);
  else if (!users.empty())
    append_of_population(record, bytes);
  else
    append_of_stranger(record, bytes);
  record.value_bytes = bytes.size() - record.value_begin;
  ++number;
}

void LoginGenerator::State::append_line(GeneratedRecord& record,
                                        std::string& bytes) {
  const auto& line = (*config.lines)[number % config.lines->size()];
  bytes += line;
  record.has_device_type = line.find("\"device_type\"") != std::string::npos;
}

void LoginGenerator::State::append_scripted(GeneratedRecord& record,
                                            std::string& bytes) {
  const auto& login = script.logins[next_scripted++];
  auto& opening_ms = openings_ms[login.story];
  if (login.opens_story)
    opening_ms = record.event_time_ms;
  if (login.latest_after_opening_ms != ScriptedLogin::unlimited)
    record.event_time_ms = std::min(record.event_time_ms,
                                    opening_ms + login.latest_after_opening_ms);
  const auto& user = script.users[login.story];
  const auto& device = login.odd_device ? script.odd_devices[login.story]
                                        : user.device_id;
  const auto& tried
    = login.sprays
        ? users[random.below(static_cast<std::uint32_t>(users.size()))]
        : user;
  // Always whole: a record that is rejected tells no story.
  EventFields event{.user_id = view(tried.user_id),
                    .address_v4 = login.sprays ? spray_address(login.story).v4()
                                               : home_address(user, login.city),
                    .locale = state_codes[user.locale],
                    .device_id = view(device),
                    .device_type = device_types[user.device_type],
                    .login_status = outcome(login.failed)};
  append_event(record, event, bytes);
}

void LoginGenerator::State::append_of_population(GeneratedRecord& record,
                                                 std::string& bytes) {
  const auto& user
    = users[random.below(static_cast<std::uint32_t>(users.size()))];
  EventFields event{.user_id = view(user.user_id),
                    .address_v4 = home_address(user, user.city),
                    .locale = state_codes[user.locale],
                    .device_id = view(user.device_id),
                    .device_type = device_types[user.device_type],
                    .login_status = {}};
  append_drawn(record, event, bytes);
}

void LoginGenerator::State::append_of_stranger(GeneratedRecord& record,
                                               std::string& bytes) {
  const Uuid user_id = make_uuid(random);
  const Uuid device_id = make_uuid(random);
  const auto bits = random.next();
  EventFields event{.user_id = view(user_id),
                    .address_v4 = static_cast<std::uint32_t>(bits),
                    .locale = state_codes[(bits >> 32) % state_codes.size()],
                    .device_id = view(device_id),
                    .device_type = device_types[bits >> 63],
                    .login_status = {}};
  append_drawn(record, event, bytes);
}

/// An event that may lose its device type or be spoiled.
void LoginGenerator::State::append_drawn(GeneratedRecord& record,
                                         EventFields& event,
                                         std::string& bytes) {
  if (config.bad_share > 0.0 && random.unit() < config.bad_share) {
    const auto kinds = static_cast<std::uint32_t>(config.bad_kinds.size());
    const auto kind = config.bad_kinds[random.below(kinds)];
    record.bad = kind;
    record.tombstone = kind == BadKind::tombstone;
    event.timestamp_s = record.event_time_ms / 1000;
    append_bad_value(bytes, kind, event, random, config.too_large_bytes);
    return;
  }
  event.login_status = outcome(config.failure_share > 0.0
                               && random.unit() < config.failure_share);
  if (random.unit() < config.no_device_type_share) {
    event.device_type = {};
    record.has_device_type = false;
  }
  append_event(record, event, bytes);
}

void LoginGenerator::State::append_event(GeneratedRecord& record,
                                         EventFields& event,
                                         std::string& bytes) {
  event.timestamp_s = record.event_time_ms / 1000;
  const auto begin = bytes.size();
  bytes.resize(begin + max_event_bytes);
  const char* end = write_event(bytes.data() + begin, event);
  bytes.resize(static_cast<std::size_t>(end - bytes.data()));
}

geo::IpAddress LoginGenerator::State::spray_address(std::size_t story) const {
  return geo::demo_address(geo::demo_cities()[script.users[story].city],
                           0x5B7A'0000'0000ULL + story);
}

std::string_view LoginGenerator::State::outcome(bool failed) const noexcept {
  if (!tells_outcome)
    return {};
  return failed ? "failed" : "success";
}

std::uint32_t LoginGenerator::State::home_address(const ReturningUser& user,
                                                  std::uint32_t city) {
  // Which few of the network's addresses: by the user, so that they return.
  std::uint64_t household = 0;
  for (std::size_t index = 0; index != 8; ++index)
    household = household * 31
                + static_cast<unsigned char>(user.user_id[index]);
  RandomStream addresses{household + random.below(addresses_per_user)};
  return geo::demo_address(geo::demo_cities()[city], addresses.next()).v4();
}

Result<LoginGenerator> LoginGenerator::create(GeneratorConfig config) {
  if (auto checked = check(config); !checked)
    return checked.error();
  return LoginGenerator{std::make_unique<State>(std::move(config))};
}

LoginGenerator::LoginGenerator(std::unique_ptr<State> state)
  : state_(std::move(state)) {}

LoginGenerator::LoginGenerator(LoginGenerator&&) noexcept = default;
LoginGenerator& LoginGenerator::operator=(LoginGenerator&&) noexcept = default;
LoginGenerator::~LoginGenerator() = default;

void LoginGenerator::fill(GeneratedBatch& batch, std::size_t count) {
  batch.records_.clear();
  batch.bytes_.clear();
  batch.records_.reserve(count);
  while (batch.records_.size() != count && !state_->exhausted())
    state_->append(batch.records_.emplace_back(), batch.bytes_);
}

void LoginGenerator::set_event_time(std::int64_t time_ms) noexcept {
  state_->base_number = state_->number;
  state_->base_time_ms = time_ms;
}

std::uint64_t LoginGenerator::next_number() const noexcept {
  return state_->number;
}

std::span<const PlantedStory> LoginGenerator::stories() const noexcept {
  return state_->script.stories;
}

} // namespace millrace::logic::generation
