#include "node/endpoint/http_routes.hpp"

#include "logic/core/json_text.hpp"
#include "node/telemetry/metric_family.hpp"

#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <exception>
#include <iterator>
#include <sstream>
#include <utility>

namespace millrace::node {

namespace {

constexpr std::string_view index_page
  = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
    "<title>millrace</title></head><body><h1>millrace</h1><ul>\n"
    "<li><a href=\"/metrics\">/metrics</a> for Prometheus</li>\n"
    "<li><a href=\"/health/live\">/health/live</a></li>\n"
    "<li><a href=\"/health/ready\">/health/ready</a></li>\n"
    "<li><a href=\"/status\">/status</a></li>\n"
    "<li>PUT /log/level?value=debug[&amp;logger=consumer], from this machine "
    "only</li>\n</ul></body></html>\n";

bool is_loopback(std::string_view peer) noexcept {
  return peer.starts_with("127.") || peer == "::1"
         || peer.starts_with("::ffff:127.");
}

prometheus::MetricFamily unready_family(const Readiness& readiness) {
  auto family = gauge_family("millrace_unready",
                             "1 for why the node takes no work, by cause.", 0);
  family.metric.clear();
  for (const auto cause : unready_causes) {
    prometheus::ClientMetric series;
    series.label = {{"cause", std::string{cause}}};
    series.gauge.value = !readiness.ready && readiness.cause == cause ? 1 : 0;
    family.metric.push_back(std::move(series));
  }
  return family;
}

HttpResponse metrics(const HttpRequest&, const HttpSources& sources) {
  std::vector<prometheus::MetricFamily> families;
  if (sources.registry) {
    families = sources.registry->Collect();
  }
  for (const auto& collectable : sources.collectables) {
    auto more = collectable->Collect();
    std::move(more.begin(), more.end(), std::back_inserter(families));
  }
  if (sources.readiness) {
    const auto readiness = sources.readiness();
    families.push_back(gauge_family("millrace_ready",
                                    "1 while the node takes work, else 0.",
                                    readiness.ready ? 1 : 0));
    families.push_back(unready_family(readiness));
  }
  std::ostringstream text;
  prometheus::TextSerializer{}.Serialize(text, families);
  return {.content_type = "text/plain; version=0.0.4; charset=utf-8",
          .body = std::move(text).str()};
}

HttpResponse live(const HttpRequest&, const HttpSources& sources) {
  const bool alive = !sources.alive || sources.alive();
  return {.status = alive ? 200 : 503,
          .body = alive ? "{\"alive\":true}\n" : "{\"alive\":false}\n"};
}

HttpResponse ready(const HttpRequest&, const HttpSources& sources) {
  if (!sources.readiness) {
    return error_response(404, "this node does not tell its readiness");
  }
  const auto readiness = sources.readiness();
  if (readiness.ready) {
    return {.body = "{\"ready\":true}\n"};
  }
  HttpResponse response{.status = 503, .body = R"({"ready":false,"reason":")"};
  logic::append_json_escaped(response.body, readiness.reason);
  response.body += "\"}\n";
  return response;
}

HttpResponse status(const HttpRequest&, const HttpSources& sources) {
  if (!sources.status_json) {
    return error_response(404, "this node does not tell its status");
  }
  return {.body = sources.status_json() + '\n'};
}

HttpResponse set_log_level(const HttpRequest& request,
                           const HttpSources& sources) {
  if (!is_loopback(request.peer)) {
    return error_response(403,
                          "the log level is set only from the same machine");
  }
  if (!sources.set_log_level) {
    return error_response(404, "this node has no log level to set");
  }
  const auto level = query_parameter(request.query, "value");
  const auto logger = query_parameter(request.query, "logger");
  const auto done = sources.set_log_level(level, logger);
  if (!done) {
    return error_response(400, done.error().text);
  }
  HttpResponse response{.body = R"({"level":")"};
  logic::append_json_escaped(response.body, level);
  response.body += R"(","logger":")";
  logic::append_json_escaped(response.body, logger);
  response.body += "\"}\n";
  return response;
}

HttpResponse inject_fault(const HttpRequest& request,
                          const HttpSources& sources) {
  if (!is_loopback(request.peer))
    return error_response(403, "faults are taken only from the same machine");
  if (!sources.inject_fault)
    return error_response(404, "this node takes no faults");
  const auto obeyed = sources.inject_fault(
    request.token, query_parameter(request.query, "order"));
  if (!obeyed) {
    const auto code = obeyed.error().code;
    const int status = code == logic::ErrorCode::unauthorized  ? 403
                       : code == logic::ErrorCode::unsupported ? 409
                                                               : 400;
    return error_response(status, obeyed.error().text);
  }
  return {.body = "{\"obeying\":" + std::to_string(*obeyed) + "}\n"};
}

HttpResponse index(const HttpRequest&, const HttpSources&) {
  return {.content_type = "text/html; charset=utf-8",
          .body = std::string{index_page}};
}

struct Route {
  std::string_view path;
  bool reads; ///< GET and HEAD, or else PUT
  HttpResponse (*answer)(const HttpRequest&, const HttpSources&);
};

constexpr std::array<Route, 7> routes{{
  {"/", true, index},
  {"/metrics", true, metrics},
  {"/health/live", true, live},
  {"/health/ready", true, ready},
  {"/status", true, status},
  {"/log/level", false, set_log_level},
  {"/faults", false, inject_fault},
}};

HttpResponse routed(const HttpRequest& request, const HttpSources& sources) {
  const auto route = std::find_if(
    routes.begin(), routes.end(),
    [&](const Route& candidate) { return candidate.path == request.path; });
  if (route == routes.end()) {
    return error_response(404, "no such page; / lists what there is");
  }
  const bool allowed = route->reads
                         ? request.method == "GET" || request.method == "HEAD"
                         : request.method == "PUT";
  if (!allowed) {
    auto response = error_response(405, "the method does not fit this page");
    response.allow = route->reads ? "GET, HEAD" : "PUT";
    return response;
  }
  return route->answer(request, sources);
}

} // namespace

HttpResponse respond(const HttpRequest& request, const HttpSources& sources) {
  try {
    return routed(request, sources);
  } catch (const std::exception& problem) {
    return error_response(500, problem.what());
  } catch (...) {
    return error_response(500, "the answer could not be made");
  }
}

} // namespace millrace::node
