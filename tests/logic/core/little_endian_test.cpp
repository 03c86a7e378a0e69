#define CAF_SUITE little_endian

#include "logic/core/little_endian.hpp"

#include "caf/test/dsl.hpp"

#include <limits>
#include <string>

using namespace millrace::logic;

namespace {

template <class T>
void survives(T value) {
  std::string bytes;
  append_little_endian(bytes, value);
  CAF_CHECK_EQUAL(bytes.size(), sizeof value);
  CAF_CHECK_EQUAL(ByteReader{bytes}.take<T>(), value);
}

} // namespace

CAF_TEST(bytes_are_the_same_on_every_machine) {
  std::string bytes;
  append_little_endian(bytes, std::uint32_t{0x01020304});
  append_little_endian(bytes, std::int16_t{-2});
  append_little_endian(bytes, 1.0F);
  CAF_CHECK(bytes == std::string("\x04\x03\x02\x01\xFE\xFF\0\0\x80\x3F", 10));
}

CAF_TEST(numbers_survive) {
  survives(std::uint8_t{255});
  survives(std::numeric_limits<std::int64_t>::min());
  survives(std::numeric_limits<std::uint64_t>::max());
  survives(-0.1F);
  survives(1e300);
}

CAF_TEST(a_reader_that_ran_out_says_so_and_gives_nothing) {
  ByteReader reader{"abcde"};
  CAF_CHECK_EQUAL(reader.take_bytes(3), "abc");
  CAF_CHECK(!reader.ran_short());
  CAF_CHECK_EQUAL(reader.left(), 2u);
  CAF_CHECK_EQUAL(reader.take<std::uint32_t>(), 0u);
  CAF_CHECK(reader.ran_short());
  CAF_CHECK_EQUAL(reader.take<std::uint8_t>(), 0u);
  CAF_CHECK_EQUAL(reader.left(), 0u);
}
