#include "logic/detection/judgement_codec.hpp"

#include "logic/core/little_endian.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

namespace millrace::logic::detection {

namespace {

constexpr std::size_t max_topic_bytes = 249; // Kafka's own limit
constexpr std::size_t max_model_id_bytes = 256;
/// Behind any time that a validator lets through.
constexpr std::int64_t max_time_ms = 253'402'300'800'000; // the year 10000

// Flags of a row; its status stands in the upper half of the byte.
constexpr unsigned located_flag = 1;
constexpr unsigned quiet_flag = 2;
constexpr unsigned placeholder_flag = 4;
// Flags of a judgement.
constexpr unsigned scored_flag = 1;
constexpr unsigned judged_flag = 2;

class Writer {
public:
  explicit Writer(std::size_t bytes) { bytes_.reserve(bytes); }

  template <class Number>
  void put(Number number) {
    append_little_endian(bytes_, number);
  }
  void put_text(std::string_view text) {
    put(static_cast<std::uint32_t>(text.size()));
    bytes_.append(text);
  }
  std::string take() { return std::move(bytes_); }

private:
  std::string bytes_;
};

/// Once something is missing it stays failed, and gives zeros.
class Reader {
public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  template <class Number>
  Number get() {
    if (rest_.size() < sizeof(Number)) {
      fail();
      return Number{};
    }
    const auto number = load_little_endian<Number>(rest_.data());
    rest_.remove_prefix(sizeof number);
    return number;
  }
  std::string_view get_text(std::size_t max_bytes) {
    const auto bytes = get<std::uint32_t>();
    if (bytes > max_bytes || bytes > rest_.size()) {
      fail();
      return {};
    }
    const auto text = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return text;
  }
  void fail() {
    failed_ = true;
    rest_ = {};
  }
  bool failed() const noexcept { return failed_; }
  std::size_t rest() const noexcept { return rest_.size(); }

private:
  std::string_view rest_;
  bool failed_ = false;
};

Error refused(std::string_view what, std::string_view why) {
  return {ErrorCode::malformed,
          std::string{what} + " of another node: " + std::string{why}};
}

void write_row(Writer& to, const LoginRow& row, Offset first) {
  const auto& login = row.login;
  to.put(row.user_hash);
  to.put(login.time_ms);
  to.put(static_cast<std::uint32_t>(row.offset.value - first.value));
  to.put(login.latitude);
  to.put(login.longitude);
  to.put(login.country);
  to.put(login.device);
  to.put(login.address);
  for (const auto word : row.words)
    to.put(word);
  to.put(static_cast<std::uint8_t>(
    static_cast<unsigned>(login.status) << 4U
    | (login.located ? located_flag : 0U) | (login.quiet ? quiet_flag : 0U)
    | (row.placeholder ? placeholder_flag : 0U)));
}

LoginRow read_row(Reader& from, Offset first) {
  LoginRow row;
  auto& login = row.login;
  row.user_hash = from.get<std::uint64_t>();
  login.time_ms = from.get<std::int64_t>();
  row.offset = Offset{first.value + from.get<std::uint32_t>()};
  login.latitude = from.get<float>();
  login.longitude = from.get<float>();
  login.country = from.get<std::uint16_t>();
  login.device = from.get<std::uint16_t>();
  login.address = from.get<std::uint16_t>();
  for (auto& word : row.words)
    word = from.get<std::uint16_t>();
  const auto flags = from.get<std::uint8_t>();
  login.status = static_cast<LoginStatus>(flags >> 4U);
  login.located = (flags & located_flag) != 0;
  login.quiet = (flags & quiet_flag) != 0;
  row.placeholder = (flags & placeholder_flag) != 0;
  return row;
}

bool is_status(LoginStatus status) noexcept {
  return status == LoginStatus::unknown || status == LoginStatus::success
         || status == LoginStatus::failure;
}

bool is_time(std::int64_t time_ms) noexcept {
  return time_ms >= -1 && time_ms < max_time_ms;
}

bool is_possible(const Login& login) noexcept {
  return is_time(login.time_ms) && is_status(login.status)
         && std::abs(login.latitude) <= 90.0F
         && std::abs(login.longitude) <= 180.0F;
}

void write_row(Writer& to, const AddressRow& row, Offset first) {
  to.put(row.address_hash);
  to.put(row.login.user_hash);
  to.put(row.login.time_ms);
  to.put(static_cast<std::uint32_t>(row.offset.value - first.value));
  to.put(static_cast<std::uint8_t>(row.login.status));
}

AddressRow read_address_row(Reader& from, Offset first) {
  AddressRow row;
  row.address_hash = from.get<std::uint64_t>();
  row.login.user_hash = from.get<std::uint64_t>();
  row.login.time_ms = from.get<std::int64_t>();
  row.offset = Offset{first.value + from.get<std::uint32_t>()};
  row.login.status = static_cast<LoginStatus>(from.get<std::uint8_t>());
  return row;
}

struct Run {
  std::uint32_t shard = 0;
  std::uint32_t users = 0;
  std::uint32_t addresses = 0;
};

/// Rising shards, whose rows are just the bytes that are left.
std::optional<std::vector<Run>> read_runs(Reader& from,
                                          std::uint32_t shard_count) {
  constexpr std::size_t run_bytes = 10;
  const auto count = from.get<std::uint16_t>();
  if (count > shard_count || count * run_bytes > from.rest())
    return std::nullopt;
  std::vector<Run> runs(count);
  std::uint64_t bytes = 0;
  std::int64_t last = -1;
  for (auto& run : runs) {
    run.shard = from.get<std::uint16_t>();
    run.users = from.get<std::uint32_t>();
    run.addresses = from.get<std::uint32_t>();
    if (run.shard >= shard_count || std::int64_t{run.shard} <= last)
      return std::nullopt;
    last = run.shard;
    bytes += std::uint64_t{run.users} * user_row_bytes
             + std::uint64_t{run.addresses} * address_row_bytes;
  }
  if (from.failed() || bytes != from.rest())
    return std::nullopt;
  return runs;
}

/// False where a row is impossible.
bool read_run(Reader& from, const Run& run, LoginRows& rows) {
  for (std::uint32_t index = 0; index != run.users; ++index) {
    auto row = read_row(from, rows.first);
    if (shard_of(row.user_hash, rows.shard_count) != run.shard
        || !is_possible(row.login) || row.offset > rows.last)
      return false;
    row.event = static_cast<std::uint32_t>(rows.users.size());
    rows.users.push_back(row);
  }
  for (std::uint32_t index = 0; index != run.addresses; ++index) {
    auto row = read_address_row(from, rows.first);
    if (shard_of(row.address_hash, rows.shard_count) != run.shard
        || !is_time(row.login.time_ms) || !is_status(row.login.status)
        || row.offset > rows.last)
      return false;
    row.event = static_cast<std::uint32_t>(rows.addresses.size());
    rows.addresses.push_back(row);
  }
  return true;
}

/// Calls `visit(shard)` for each of those shards that has rows.
template <class Visit>
void for_each_shard(const LoginRows& rows, const ShardSet& shards,
                    Visit&& visit) {
  for (std::uint32_t shard = 0; shard != rows.shard_count; ++shard)
    if (shards.test(shard) && !rows.empty(shard))
      visit(shard);
}

void write_findings(Writer& to, std::span<const ShardJudgementsPtr> parts,
                    std::vector<Finding> ShardJudgements::*findings) {
  std::size_t count = 0;
  for (const auto& part : parts)
    count += ((*part).*findings).size();
  to.put(static_cast<std::uint32_t>(count));
  for (const auto& part : parts)
    for (const auto& finding : (*part).*findings) {
      to.put(finding.event);
      to.put(static_cast<std::uint8_t>(finding.rule));
      to.put(static_cast<std::uint8_t>(finding.severity));
      to.put_text(std::string_view{finding.text}.substr(0, max_finding_bytes));
      to.put_text(finding.evidence.size() > max_finding_bytes
                    ? std::string_view{}
                    : finding.evidence);
    }
}

/// Whether it can be copied into a JSON object.
bool is_evidence(std::string_view text) {
  if (text.empty())
    return true;
  boost::system::error_code fault;
  const auto value = boost::json::parse('{' + std::string{text} + '}', fault);
  return !fault && value.is_object();
}

/// `events` of the rows that were asked about, in the order of the question.
bool read_findings(Reader& from, std::span<const std::uint32_t> events,
                   std::vector<Finding>& to) {
  constexpr std::size_t least_bytes = 14;
  const auto count = from.get<std::uint32_t>();
  if (std::uint64_t{count} * least_bytes > from.rest())
    return false;
  to.reserve(count);
  for (std::uint32_t index = 0; index != count; ++index) {
    Finding finding;
    const auto place = from.get<std::uint32_t>();
    const auto rule = from.get<std::uint8_t>();
    const auto severity = from.get<std::uint8_t>();
    finding.text = from.get_text(max_finding_bytes);
    finding.evidence = from.get_text(max_finding_bytes);
    if (from.failed() || place >= events.size() || rule >= rule_count
        || severity > static_cast<std::uint8_t>(Severity::high)
        || !is_evidence(finding.evidence))
      return false;
    finding.event = events[place];
    finding.rule = static_cast<Rule>(rule);
    finding.severity = static_cast<Severity>(severity);
    to.push_back(std::move(finding));
  }
  return true;
}

} // namespace

std::size_t encoded_bytes(const LoginRows& rows,
                          const ShardSet& shards) noexcept {
  std::size_t bytes = 512;
  for_each_shard(rows, shards, [&](std::uint32_t shard) {
    bytes += 10 + rows.users_of(shard).size() * user_row_bytes
             + rows.addresses_of(shard).size() * address_row_bytes;
  });
  return bytes;
}

std::string encode_rows(const LoginRows& rows, const ShardSet& shards) {
  Writer to{encoded_bytes(rows, shards)};
  to.put_text(rows.topic);
  to.put(rows.partition.value);
  to.put(rows.first.value);
  to.put(rows.last.value);
  to.put(static_cast<std::uint16_t>(rows.shard_count));
  std::uint16_t count = 0;
  for_each_shard(rows, shards, [&](std::uint32_t) { ++count; });
  to.put(count);
  for_each_shard(rows, shards, [&](std::uint32_t shard) {
    to.put(static_cast<std::uint16_t>(shard));
    to.put(static_cast<std::uint32_t>(rows.users_of(shard).size()));
    to.put(static_cast<std::uint32_t>(rows.addresses_of(shard).size()));
  });
  for_each_shard(rows, shards, [&](std::uint32_t shard) {
    for (const auto& row : rows.users_of(shard))
      write_row(to, row, rows.first);
    for (const auto& row : rows.addresses_of(shard))
      write_row(to, row, rows.first);
  });
  return to.take();
}

Result<LoginRows> decode_rows(std::string_view bytes,
                              std::uint32_t shard_count) {
  constexpr std::string_view what = "the question";
  Reader from{bytes};
  LoginRows rows;
  rows.topic = from.get_text(max_topic_bytes);
  rows.partition = PartitionId{from.get<std::int32_t>()};
  rows.first = Offset{from.get<std::int64_t>()};
  rows.last = Offset{from.get<std::int64_t>()};
  rows.shard_count = from.get<std::uint16_t>();
  if (from.failed() || rows.shard_count != shard_count)
    return refused(what, "it is for another number of shards");
  if (rows.partition.value < 0 || rows.first.value < 0 || rows.last < rows.first
      || rows.last.value > std::numeric_limits<std::int64_t>::max() / 2)
    return refused(what, "no batch has such offsets");
  const auto runs = read_runs(from, shard_count);
  if (!runs)
    return refused(what, "its length is not that of its rows");
  rows.user_begins.assign(shard_count + 1, 0);
  rows.address_begins.assign(shard_count + 1, 0);
  auto next = runs->begin();
  for (std::uint32_t shard = 0; shard != shard_count; ++shard) {
    if (next != runs->end() && next->shard == shard)
      if (!read_run(from, *next++, rows))
        return refused(what, "a row is of another shard or of no login");
    rows.user_begins[shard + 1] = static_cast<std::uint32_t>(rows.users.size());
    rows.address_begins[shard + 1] = static_cast<std::uint32_t>(
      rows.addresses.size());
  }
  return rows;
}

std::string encode_judgements(const LoginRows& asked,
                              std::span<const ShardJudgementsPtr> judgements) {
  constexpr std::size_t judgement_bytes = 7;
  std::vector<Judgement> by_row(asked.users.size());
  std::string_view model;
  [[maybe_unused]] std::size_t found = 0;
  for (const auto& part : judgements) {
    for (std::size_t index = 0; index != part->events.size(); ++index) {
      assert(part->events[index] < by_row.size());
      by_row[part->events[index]] = part->judgements[index];
    }
    found += part->events.size();
    if (model.empty())
      model = part->model_id;
  }
  assert(found == by_row.size());
  Writer to{by_row.size() * judgement_bytes + 64};
  to.put_text(model);
  to.put(static_cast<std::uint32_t>(by_row.size()));
  for (const auto& judgement : by_row) {
    to.put(judgement.score);
    to.put(judgement.rules);
    to.put(judgement.low_rules);
    to.put(static_cast<std::uint8_t>((judgement.scored ? scored_flag : 0U)
                                     | (judgement.judged ? judged_flag : 0U)));
  }
  write_findings(to, judgements, &ShardJudgements::findings);
  write_findings(to, judgements, &ShardJudgements::address_findings);
  return to.take();
}

Result<ShardJudgements> decode_judgements(std::string_view bytes,
                                          const LoginRows& rows,
                                          const ShardSet& shards) {
  constexpr std::string_view what = "the answer";
  Reader from{bytes};
  auto result = unjudged(rows, shards);
  result.model_id = from.get_text(max_model_id_bytes);
  const auto count = from.get<std::uint32_t>();
  if (from.failed() || count != result.events.size())
    return refused(what, "it is not about the rows that were asked about");
  for (auto& judgement : result.judgements) {
    judgement.score = from.get<float>();
    judgement.rules = from.get<std::uint8_t>();
    judgement.low_rules = from.get<std::uint8_t>();
    const auto flags = from.get<std::uint8_t>();
    judgement.scored = (flags & scored_flag) != 0;
    judgement.judged = (flags & judged_flag) != 0;
  }
  std::vector<std::uint32_t> address_events;
  for_each_shard(rows, shards, [&](std::uint32_t shard) {
    for (const auto& row : rows.addresses_of(shard))
      address_events.push_back(row.event);
  });
  if (!read_findings(from, result.events, result.findings)
      || !read_findings(from, address_events, result.address_findings)
      || from.failed() || from.rest() != 0)
    return refused(what, "a finding cannot be, or its length is wrong");
  return result;
}

ShardJudgements unjudged(const LoginRows& rows, const ShardSet& shards) {
  ShardJudgements result;
  for_each_shard(rows, shards, [&](std::uint32_t shard) {
    for (const auto& row : rows.users_of(shard))
      result.events.push_back(row.event);
  });
  Judgement nobody;
  nobody.judged = false;
  result.judgements.assign(result.events.size(), nobody);
  return result;
}

} // namespace millrace::logic::detection
