#include "dashboard/prometheus.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>
#include <regex>
#include <set>
#include <sstream>

#include "coordinator/progress/status.h"

// The rules of the text format 0.0.4, as Prometheus' documentation gives them.
namespace ume {
namespace {

StatusSnapshot sample_status() {
  StatusSnapshot status;
  status.run_id = "a \"run\" with \\ and\na new line";
  status.state = "running";
  status.phases = {{"sft", "sft", 25, 25, true}, {"grpo", "grpo", 2, 6, false}};
  status.weights = {27, 3};
  status.metrics = {{"reward/total", 0.5},
                    {"loss", std::numeric_limits<double>::quiet_NaN()}};
  status.groups = {{"pending", 3}, {"leased", 2}};
  status.roles = {{"rollout", 0, false, 0.5, "", 1, 12},
                  {"rollout", 1, true, 30.0, "", 0, 9}};
  status.counters.accepted = 21;
  return status;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

}  // namespace

TEST_CASE(
    "prometheus text: every line is a comment or a sample of its family") {
  const std::string text = prometheus_text(to_json(sample_status()));
  REQUIRE(text.back() == '\n');
  const std::regex help("# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) .+");
  const std::regex type(
      "# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (gauge|counter|untyped)");
  const std::string label = "[a-zA-Z_][a-zA-Z0-9_]*=\"(\\\\.|[^\"\\\\])*\"";
  const std::regex sample("([a-zA-Z_:][a-zA-Z0-9_:]*)(\\{" + label + "(," +
                          label + ")*\\})? [-+0-9.eEINnaf]+");
  std::set<std::string> families;
  std::set<std::string> samples;
  std::string current;
  for (const std::string& line : lines_of(text)) {
    INFO(line);
    std::smatch match;
    if (std::regex_match(line, match, help)) {
      CHECK(families.insert(match[1]).second);  // each family once
      current = match[1];
    } else if (std::regex_match(line, match, type)) {
      CHECK(match[1] == current);
      CHECK((match[2] == "counter") ==
            (current.size() > 6 &&
             current.compare(current.size() - 6, 6, "_total") == 0));
    } else {
      REQUIRE(std::regex_match(line, match, sample));
      CHECK(match[1] == current);
      CHECK(samples.insert(line.substr(0, line.rfind(' '))).second);
    }
  }
  CHECK(families.size() > 15);
}

TEST_CASE("prometheus text: holds the figures of the status") {
  const auto lines = lines_of(prometheus_text(to_json(sample_status())));
  for (const char* line :
       {"ume_phase_steps_done{phase=\"grpo\",kind=\"grpo\"} 2",
        "ume_groups{state=\"pending\"} 3", "ume_weights_update 27",
        "ume_step_metric{name=\"reward/total\"} 0.5",
        "ume_role_silent{role=\"rollout\",index=\"1\"} 1",
        "ume_accepted_total 21",
        "ume_run_info{run=\"a \\\"run\\\" with \\\\ and\\na new "
        "line\",state=\"running\"} 1"}) {
    INFO(line);
    CHECK(std::count(lines.begin(), lines.end(), line) == 1);
  }
  // A metric that was not a number is left out, not 0.
  for (const std::string& line : lines) {
    CHECK_THAT(line, !Catch::Contains("name=\"loss\""));
  }
}

TEST_CASE("prometheus text: what is no status gives no metrics") {
  CHECK(prometheus_text("").empty());
  CHECK(prometheus_text("[1]").empty());
  CHECK(prometheus_text("{\"groups\":").empty());
  CHECK_NOTHROW(prometheus_text("{\"groups\":3,\"phases\":{}}"));
}

TEST_CASE("prometheus: what a role says of itself bears its name as a label") {
  StatusSnapshot status = sample_status();
  status.roles.push_back(
      {"reward", 1, false, 0.5, "", 0, 3, {{"judge/breaker_state", 2.0}}});
  const auto lines = lines_of(prometheus_text(to_json(status)));
  const std::string expected =
      "ume_role_metric{role=\"reward\",index=\"1\","
      "name=\"judge/breaker_state\"} 2";
  CHECK(std::count(lines.begin(), lines.end(), expected) == 1);
}

}  // namespace ume
