// The main of the tests on a real Kafka: skips them all where there is none.

#include "messages/type_ids.hpp"
#include "tests/support/program.hpp"
#include "tests/support/real_kafka.hpp"
#include "tests/support/skip.hpp"

#define CAF_TEST_NO_MAIN
#include "caf/io/middleman.hpp"
#include "caf/test/unit_test_impl.hpp"

#include <iostream>

int main(int argc, char** argv) {
  using namespace millrace::tests;
  const auto available = run_program({RealKafka::tool(), "available"});
  if (available.code == skip_code)
    skip(available.output);
  else if (available.code != 0)
    std::cerr << available.output;
  if (available.code != 0)
    return available.code;
  caf::io::middleman::init_global_meta_objects();
  millrace::messages::init_meta_objects();
  return exit_code(caf::test::main(argc, argv));
}
