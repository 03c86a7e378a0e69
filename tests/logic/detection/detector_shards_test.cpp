#define CAF_SUITE detector_shards

#include "logic/detection/detector.hpp"
#include "logic/detection/user_hash.hpp"

#include "tests/logic/detection/batch_detector.hpp"
#include "tests/logic/detection/login_batch.hpp"

#include "caf/test/dsl.hpp"

#include <cstddef>
#include <vector>

using namespace millrace::logic;
using namespace millrace::logic::detection;
using millrace::tests::BatchDetector;
using millrace::tests::login_batch;
using millrace::tests::LoginText;

namespace {

std::vector<LoginText> logins_of_one(std::size_t count) {
  return std::vector<LoginText>(count);
}

} // namespace

CAF_TEST(what_belongs_to_a_shard_that_is_not_here_is_not_judged) {
  BatchDetector detector{DetectionConfig{}};
  const auto batch = login_batch(logins_of_one(12));
  const auto shard = shard_of(batch->origins.front().user_hash, 32);
  const auto state = detector.give_up(shard);
  CAF_REQUIRE(state);
  const auto judged = detector.judge(*batch);
  CAF_CHECK_EQUAL(judged.events.size(), 12u);
  for (const auto& judgement : judged.judgements)
    CAF_CHECK(!judgement.judged);
  CAF_CHECK_EQUAL(detector.counts().unjudged, 12u);
  CAF_CHECK_EQUAL(detector.counts().judged, 0u);
  CAF_CHECK(!detector.give_up(shard));
}

CAF_TEST(a_shard_moves_with_all_that_is_known) {
  BatchDetector before{DetectionConfig{}};
  before.judge(*login_batch(logins_of_one(8)));
  const auto shard = shard_of(hash_user("u"), 32);
  BatchDetector after{DetectionConfig{}};
  after.host(shard, before.give_up(shard));
  CAF_CHECK_EQUAL(before.counts().users, 0u);
  CAF_CHECK_EQUAL(after.counts().users, 1u);
  // The last of them came before: a repeat.
  const auto judged = after.judge(*login_batch(logins_of_one(4), 7));
  CAF_CHECK_EQUAL(after.counts().repeated, 1u);
  CAF_CHECK(!judged.judgements[2].anomalous());
  CAF_CHECK(judged.judgements[3].has(Rule::velocity));
}

CAF_TEST(shards_that_were_not_asked_about_are_left_alone) {
  BatchDetector detector{DetectionConfig{}};
  LoginRowBuilder builder{DetectionConfig{}};
  const auto rows = builder.rows_of(*login_batch(logins_of_one(3)));
  ShardSet shards;
  shards.set().reset(shard_of(hash_user("u"), 32));
  CAF_CHECK(detector.Detector::judge(*rows, shards).events.empty());
  CAF_CHECK_EQUAL(detector.counts().users, 0u);
}
