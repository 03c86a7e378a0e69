#define CAF_SUITE http_request_head

#include "node/endpoint/http_request_head.hpp"

#include "caf/test/dsl.hpp"

#include <string>

using namespace millrace::node;

CAF_TEST(a_head_ends_with_an_empty_line) {
  CAF_CHECK_EQUAL(end_of_head("GET / HTTP/1.1\r\n\r\n"), 18u);
  CAF_CHECK_EQUAL(end_of_head("GET / HTTP/1.1\r\n\r\nbody"), 18u);
  CAF_CHECK_EQUAL(end_of_head("GET / HTTP/1.1\r\n"), std::string::npos);
}

CAF_TEST(the_parts_of_a_request_are_found) {
  const auto head = parse_request_head(
    "PUT /log/level?value=debug&x=? HTTP/1.1\r\nHost: a\r\n"
    "x-millrace-TOKEN: \t secret \r\nAccept:\r\n\r\n");
  CAF_REQUIRE(head);
  CAF_CHECK_EQUAL(head->method, "PUT");
  CAF_CHECK_EQUAL(head->path, "/log/level");
  CAF_CHECK_EQUAL(head->query, "value=debug&x=?");
  CAF_CHECK_EQUAL(head->token, "secret");
  CAF_CHECK(parse_request_head("HEAD / HTTP/1.0\r\n\r\n"));
}

CAF_TEST(what_is_no_request_is_nothing) {
  const std::string zero("GET /\0 HTTP/1.1\r\n\r\n", 19);
  for (const auto& text :
       {std::string{}, std::string{"\r\n\r\n"}, std::string{"GET\r\n\r\n"},
        std::string{"GET / HTTP/2.0\r\n\r\n"},
        std::string{"GET  / HTTP/1.1\r\n\r\n"},
        std::string{"get / HTTP/1.1\r\n\r\n"},
        std::string{"GET / / HTTP/1.1\r\n\r\n"},
        std::string{"GET / HTTP/1.1\r\n: no name\r\n\r\n"}, zero})
    CAF_CHECK(!parse_request_head(text));
}
