#include "dashboard/dashboard.h"

#include <nlohmann/json.hpp>

#include "dashboard/page.h"
#include "dashboard/prometheus.h"

namespace ume {
namespace {

HttpReply page(const char* type, std::string_view text) {
  return {200, type, std::string(text)};
}

HttpReply status_reply(const StatusBoard& board) {
  std::string json = board.get();
  if (json.empty()) return {503, "application/json", "{}"};
  return {200, "application/json", std::move(json)};
}

HttpReply metrics_reply(const StatusBoard& board) {
  const std::string json = board.get();
  if (json.empty()) return {503, "text/plain; charset=utf-8", ""};
  return {200, "text/plain; version=0.0.4; charset=utf-8",
          prometheus_text(json)};
}

// Healthy: the coordinator answers and the run has not failed.
HttpReply health_reply(const StatusBoard& board) {
  const auto status = nlohmann::json::parse(board.get(), nullptr, false);
  HttpReply reply;
  if (!status.is_object()) {
    reply.status = 503;
    reply.body = "starting\n";
  } else if (status.value("state", "") == "failed") {
    reply.status = 503;
    reply.body = "failed\n";
  } else {
    reply.body = "ok\n";
  }
  return reply;
}

}  // namespace

void StatusBoard::set(std::string json) {
  const std::lock_guard lock(mutex_);
  json_ = std::move(json);
}

std::string StatusBoard::get() const {
  const std::lock_guard lock(mutex_);
  return json_;
}

HttpServer::Routes dashboard_routes(const StatusBoard& board) {
  const auto of = [&board](HttpReply (*make)(const StatusBoard&)) {
    return [&board, make] { return make(board); };
  };
  return {
      {"/", [] { return page("text/html; charset=utf-8", page_html()); }},
      {"/app.js",
       [] { return page("text/javascript; charset=utf-8", page_script()); }},
      {"/app.css",
       [] { return page("text/css; charset=utf-8", page_style()); }},
      {"/api/status", of(&status_reply)},
      {"/metrics", of(&metrics_reply)},
      {"/healthz", of(&health_reply)}};
}

}  // namespace ume
