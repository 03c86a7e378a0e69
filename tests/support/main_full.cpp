// The main of the tests that use our messages and CAF's network layer.

#include "messages/type_ids.hpp"
#include "tests/support/skip.hpp"

#define CAF_TEST_NO_MAIN
#include "caf/io/middleman.hpp"
#include "caf/test/unit_test_impl.hpp"

int main(int argc, char** argv) {
  caf::io::middleman::init_global_meta_objects();
  millrace::messages::init_meta_objects();
  return millrace::tests::exit_code(caf::test::main(argc, argv));
}
