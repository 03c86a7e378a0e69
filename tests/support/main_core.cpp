// The main of the tests that send no message of ours between nodes.

#include "tests/support/skip.hpp"

#define CAF_TEST_NO_MAIN
#include "caf/init_global_meta_objects.hpp"
#include "caf/test/unit_test_impl.hpp"

int main(int argc, char** argv) {
  caf::core::init_global_meta_objects();
  return millrace::tests::exit_code(caf::test::main(argc, argv));
}
