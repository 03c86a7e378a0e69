#pragma once

#include <string>
#include <string_view>

namespace millrace::node {

/// An answer of the endpoint, before it is sent.
struct HttpResponse {
  int status = 200;
  std::string_view content_type = "application/json";
  std::string body = {};
  /// The methods of the resource, for 405; empty otherwise.
  std::string_view allow = {};
};

/// {"error":"...","status":404}
HttpResponse error_response(int status, std::string_view text);

/// The head of the answer, up to and with the empty line.
std::string head_of(const HttpResponse& response);

/// The value of a parameter in an undecoded query string, percent-decoded;
/// empty where it is missing.
std::string query_parameter(std::string_view query, std::string_view name);

} // namespace millrace::node
