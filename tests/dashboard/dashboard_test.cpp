#include "dashboard/dashboard.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "coordinator/progress/status.h"
#include "dashboard/page.h"

namespace ume {
namespace {

HttpReply ask(const StatusBoard& board, const std::string& path) {
  return dashboard_routes(board).at(path)();
}

std::string status_of(const std::string& state) {
  StatusSnapshot status;
  status.run_id = "small";
  status.state = state;
  return to_json(status);
}

}  // namespace

TEST_CASE("dashboard: the status is handed on as it is") {
  StatusBoard board;
  CHECK(ask(board, "/api/status").status == 503);
  board.set(status_of("running"));
  const HttpReply reply = ask(board, "/api/status");
  CHECK(reply.status == 200);
  CHECK(reply.content_type == "application/json");
  CHECK(reply.body == status_of("running"));
}

TEST_CASE("dashboard: health is 503 before the first status and when failed") {
  StatusBoard board;
  CHECK(ask(board, "/healthz").status == 503);
  board.set(status_of("running"));
  CHECK(ask(board, "/healthz").status == 200);
  board.set(status_of("stopping"));
  CHECK(ask(board, "/healthz").status == 200);
  board.set(status_of("failed"));
  CHECK(ask(board, "/healthz").status == 503);
}

TEST_CASE("dashboard: the page loads nothing from elsewhere") {
  const std::string html(page_html());
  CHECK_THAT(html, Catch::StartsWith("<!doctype html>"));
  for (const std::string_view text :
       {page_html(), page_script(), page_style()}) {
    const std::string all(text);
    REQUIRE_FALSE(all.empty());
    CHECK_THAT(all, !Catch::Contains("https:"));
    CHECK_THAT(all, !Catch::Contains("url("));
  }
  // The content security policy forbids inline scripts and styles.
  CHECK_THAT(html, !Catch::Contains("<style"));
  CHECK_THAT(html, !Catch::Contains("style="));
  CHECK_THAT(html, !Catch::Contains("onclick"));
}

TEST_CASE("dashboard: text of the run never becomes markup") {
  const std::string script(page_script());
  for (const char* dangerous :
       {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write",
        "eval(", "new Function", "srcdoc", "DOMParser"}) {
    INFO(dangerous);
    CHECK_THAT(script, !Catch::Contains(dangerous));
  }
  // A hostile name stays inside its JSON string, whatever it holds.
  StatusSnapshot status;
  status.run_id = "</script><img src=x onerror=alert(1)>\"\\\n\xff";
  const auto parsed = nlohmann::json::parse(to_json(status));
  CHECK(parsed["run_id"].get<std::string>() ==
        "</script><img src=x onerror=alert(1)>\"\\\n\xef\xbf\xbd");
}

}  // namespace ume
