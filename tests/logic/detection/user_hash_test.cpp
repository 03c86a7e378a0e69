#define CAF_SUITE user_hash

#include "logic/detection/user_hash.hpp"

#include "tests/logic/detection/batch_detector.hpp"
#include "tests/logic/detection/login_batch.hpp"

#include "caf/test/dsl.hpp"

#include <string>
#include <vector>

using namespace millrace::logic;
using namespace millrace::logic::detection;
using millrace::tests::BatchDetector;
using millrace::tests::login_batch;
using millrace::tests::LoginText;

CAF_TEST(the_spellings_of_a_user_are_one_user) {
  std::vector<LoginText> logins(12);
  const std::vector<std::string> spellings{"alice", "Alice", "ALICE",
                                           " alice "};
  for (std::size_t i = 0; i != logins.size(); ++i)
    logins[i].user = spellings[i % spellings.size()];
  BatchDetector detector{DetectionConfig{}};
  const auto judgements = detector.judge(*login_batch(logins));
  CAF_CHECK(judgements.judgements[10].has(Rule::velocity));
  CAF_CHECK_EQUAL(detector.counts().users, 1u);
}

CAF_TEST(other_letters_are_other_users) {
  CAF_CHECK_NOT_EQUAL(hash_user("alice"), hash_user("al ice"));
  CAF_CHECK_NOT_EQUAL(hash_user("a\xC3\x84"), hash_user("a\xC3\xA4"));
  const std::string longer(300, 'X');
  CAF_CHECK_EQUAL(hash_user(longer + "Y"),
                  hash_user(std::string(300, 'x') + "y"));
  CAF_CHECK_NOT_EQUAL(hash_user(longer + "Y"), hash_user(longer + "Z"));
}
