#include "reward/explain/explanation.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <sstream>

#include "common/error/error.h"
#include "tests/reward/reward_fixtures.h"

using namespace ume;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

// Two pairs in the plane; the second query answers without <think>.
std::vector<TrajectoryRecord> plane_records() {
  std::string text;
  const auto add = [&](const char* side, const char* pair,
                       const std::string& completion, const json& embedding) {
    text += json{{"cohort", 3},
                 {"pair", pair},
                 {"side", side},
                 {"sample", 0},
                 {"completion", completion},
                 {"gen_embedding", embedding}}
                .dump() +
            "\n";
  };
  const std::string good = "<think>a b</think><answer>b<gen_emb>";
  add("query", "x", good, {1, 0});
  add("query", "y<b>", "<answer>b<gen_emb>", {0.6, 0.8});
  add("target", "x", good, {0.8, 0.6});
  add("target", "y<b>", good, {0, 1});
  std::istringstream in(text);
  return read_trajectory_records(in, "plane");
}

Explanation explain(const std::string& pair,
                    const std::string& normalise = "none") {
  RewardConfig config;
  config.normalise = normalise;
  config.terms.resize(3);
  config.terms[0].name = "format";
  config.terms[1].name = "ranking_margin";
  config.terms[2].name = "answer_in_reasoning";
  config.terms[2].weight = 0;
  return explain_pair(make_reward_pipeline(config), plane_records(), "3", pair);
}

}  // namespace

TEST_CASE("explanation: similarities, ranks and rules are the pair's own") {
  const Explanation e = explain("x");
  REQUIRE(e.query.rows.size() == 1);
  const ExplainedRow& row = e.query.rows[0];
  CHECK(row.similarity[0] == Approx(0.8));
  CHECK(row.similarity[1] == Approx(0.0).margin(1e-9));
  CHECK(row.own_ranks == std::vector<int64_t>{1});
  CHECK(row.terms[0].rule == "the tags are there in order");
  CHECK_THAT(row.terms[1].rule,
             Contains("1 of 1 own are among the 1 most similar of 2") &&
                 Contains("mean 0.8000 to own, 0.0000 to others") &&
                 Contains("closest other: pair \"y<b>\""));
  CHECK(row.terms[1].cell.value == Approx(0.8));
  CHECK(row.terms[2].rule == "written out in the reasoning: 'b'");
  // Target x is closer to query y: 0.8 * 0.6 + 0.6 * 0.8 = 0.96.
  CHECK(e.target.rows[0].own_ranks == std::vector<int64_t>{2});
  CHECK(explain("y<b>").query.rows[0].terms[0].rule == "no <think>");
}

TEST_CASE("explanation: text, JSON and page say the same and escape names") {
  const Explanation e = explain("y<b>");
  const std::string text = explanation_text(e);
  CHECK_THAT(text, Contains("ranks of own: 1") && Contains("no <think>"));
  const auto parsed = json::parse(explanation_json(e));
  CHECK(parsed["query"]["rows"][0]["similarity"][1].get<double>() ==
        Approx(0.8));
  CHECK(parsed["query"]["columns"][1]["own"] == true);
  const std::string page = explanation_html(e);
  CHECK_THAT(page, Contains("<svg") && Contains("y&lt;b&gt;"));
  CHECK_THAT(page, !Contains("y<b>") && !Contains("http"));
}

TEST_CASE("explanation: unknown cohorts and pairs name what there is") {
  const auto pipeline = make_reward_pipeline({});
  CHECK_THROWS_WITH(explain_pair(pipeline, plane_records(), "4", "x"),
                    Contains("no cohort 4") && Contains("there is: 3"));
  CHECK_THROWS_WITH(explain_pair(pipeline, plane_records(), "3", "z"),
                    Contains("no pair z") && Contains("\"x\", \"y<b>\""));
}

TEST_CASE(
    "explanation: hostile completions and embeddings stay on their line") {
  auto records = plane_records();
  records[0].completion = std::string("\x1b[2J\n\xff\0<think>", 13);
  for (int i = 0; i < 200000; ++i) records[1].completion += "<think>";
  records[0].gen_embedding = {std::nanf(""), 1};
  records[2].gen_embedding = {0, 0};
  const Explanation e =
      explain_pair(make_reward_pipeline({}), records, "3", "x");
  CHECK(std::isnan(e.query.rows[0].similarity[0]));
  CHECK(e.query.rows[0].reward.state == CellState::kInvalid);
  const std::string text = explanation_text(e);
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(explanation_html(e).find('\x1b') == std::string::npos);
  CHECK_NOTHROW(json::parse(explanation_json(e)));
}

TEST_CASE("explanation: a normalised reward shows its sum before that") {
  const Explanation explanation = explain("x", "component");
  CHECK_THAT(explanation_text(explanation), Contains("raw_total"));
  CHECK_THAT(explanation_text(explanation),
             Contains("the sum before normalisation"));
}
