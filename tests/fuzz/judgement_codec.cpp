// What nodes ask each other about logins, from the bytes of a peer through the
// detector to the answer. Aborts where a question that was accepted does not
// come out as it went in, or its answer is not understood.

#include "logic/detection/judgement_codec.hpp"

#include "logic/detection/detector.hpp"
#include "logic/detection/login_rows_codec.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

using namespace millrace::logic;
using namespace millrace::logic::detection;

namespace {

constexpr std::uint32_t shard_count = 4;

DetectionConfig small_config() {
  DetectionConfig config;
  config.shards = shard_count;
  config.max_users = 1024;
  config.max_addresses = 1024;
  config.training_sample = 256;
  config.first_fit_after = 256;
  return config;
}

/// One user and one address, whose answer any input may claim to be.
LoginRows asked_before() {
  LoginRows rows;
  rows.topic = "t";
  rows.shard_count = shard_count;
  rows.users.resize(1);
  rows.addresses.resize(1);
  rows.user_begins = {0, 1, 1, 1, 1};
  rows.address_begins = {0, 1, 1, 1, 1};
  return rows;
}

void must(bool holds) {
  if (!holds)
    std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  static const auto config = small_config();
  static const auto before = asked_before();
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  const auto all = ShardSet{}.set();
  static_cast<void>(decode_judgements(bytes, before, all));
  const auto rows = decode_rows(bytes, shard_count);
  if (!rows)
    return 0;
  Detector detector{config, 0, 1};
  detector.host_all();
  const std::vector<ShardJudgementsPtr> judged{
    std::make_shared<ShardJudgements>(detector.judge(*rows))};
  const auto answer = decode_judgements(encode_judgements(*rows, judged), *rows,
                                        all);
  must(answer.has_value());
  must(answer->events.size() == rows->users.size());
  const auto again = decode_rows(encode_rows(*rows, all), shard_count);
  must(again.has_value());
  must(again->users.size() == rows->users.size());
  must(again->addresses.size() == rows->addresses.size());
  return 0;
}
