#include "node/endpoint/http_response.hpp"

#include "logic/core/json_text.hpp"

#include <charconv>

namespace millrace::node {

namespace {

std::string_view status_text(int status) noexcept {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "Error";
  }
}

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    if (text[i] == '%' && i + 2 < text.size()
        && std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16)
               .ptr
             == text.data() + i + 3) {
      decoded += static_cast<char>(byte);
      i += 2;
    } else {
      decoded += text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
}

} // namespace

HttpResponse error_response(int status, std::string_view text) {
  HttpResponse response;
  response.status = status;
  response.body = R"({"error":")";
  logic::append_json_escaped(response.body, text);
  response.body += R"(","status":)" + std::to_string(status) + "}\n";
  return response;
}

std::string head_of(const HttpResponse& response) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + ' ';
  head += status_text(response.status);
  head += "\r\nContent-Type: ";
  head += response.content_type;
  head += "\r\nContent-Length: " + std::to_string(response.body.size());
  if (!response.allow.empty()) {
    head += "\r\nAllow: ";
    head += response.allow;
  }
  head += "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff"
          "\r\nConnection: close\r\n\r\n";
  return head;
}

std::string query_parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto pair = query.substr(0, end);
    const auto equals = pair.find('=');
    if (pair.substr(0, equals) == name && equals != pair.npos) {
      return percent_decoded(pair.substr(equals + 1));
    }
    query = end == query.npos ? std::string_view{} : query.substr(end + 1);
  }
  return {};
}

} // namespace millrace::node
