#pragma once

#include "node/endpoint/http_endpoint.hpp"
#include "node/endpoint/http_response.hpp"

#include <string_view>

namespace millrace::node {

/// A request as the routes see it; all parts borrowed.
struct HttpRequest {
  std::string_view method;
  std::string_view path;
  std::string_view query; ///< undecoded
  std::string_view peer; ///< address in text form
  std::string_view token = {}; ///< of the header X-Millrace-Token
};

/// Answers a request from the sources; never throws, whatever they do. Any
/// thread.
HttpResponse respond(const HttpRequest& request, const HttpSources& sources);

} // namespace millrace::node
