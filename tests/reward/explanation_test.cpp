#include "reward/explain/explanation.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
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

namespace {

// Three pairs of two in the plane, with all that records can say.
std::vector<TrajectoryRecord> full_records() {
  std::string text;
  const auto add = [&](const char* side, int pair, int sample,
                       const json& embedding) {
    json record = {{"cohort", 1},
                   {"pair", pair},
                   {"side", side},
                   {"sample", sample},
                   {"step", 5},
                   {"source", pair == 0 ? "flags" : "animals"},
                   {"ids", {1, 2, 3}},
                   {"completion", "<think>a b a b</think><answer>b<gen_emb>"},
                   {"gen_embedding", embedding},
                   {"disc_embedding", {pair == 0 ? 1.0 : 0.0, 1.0}}};
    if (pair == 2 && sample == 1) record["embedding_source"] = "prompt";
    text += record.dump() + "\n";
  };
  for (const char* side : {"query", "target"}) {
    add(side, 0, 0, {1, 0});
    add(side, 0, 1, {0, 1});
    add(side, 1, 0, {0.6, 0.8});
    add(side, 1, 1, {0.8, 0.6});
    add(side, 2, 0, {-1, 0});
    add(side, 2, 1, {1, 0});
  }
  std::istringstream in(text);
  return read_trajectory_records(in, "full");
}

const ExplainedTerm& term_of_row(const ExplainedRow& row,
                                 const std::string& name) {
  for (const ExplainedTerm& term : row.terms) {
    if (term.name == name) return term;
  }
  throw std::runtime_error("no term " + name);
}

}  // namespace

TEST_CASE("explanation: each term has a rule of its own, with its numbers") {
  RewardConfig config =
      config_of({"format", "answer_in_reasoning", "answer_overlap", "length",
                 "repetition", "ranking", "margin", "ranking_margin",
                 "hardest_negative_margin", "retrieval_ndcg", "threshold",
                 "disc_guided", "product"});
  config.terms[3].max_tokens = 4;
  config.terms[3].buffer_tokens = 2;
  config.terms[4].ngram = 1;
  config.terms[6].clip = {-0.1, 0.1};
  config.terms[12].label = "gated";
  config.terms[12].factors.resize(2);
  config.terms[12].factors[0].name = "format";
  config.terms[12].factors[1].name = "threshold";
  const Explanation e =
      explain_pair(make_reward_pipeline(config), full_records(), "1", "0");
  const ExplainedRow& row = e.query.rows[0];  // (1, 0)
  // Own: 1 and 0. Others: 0.6, 0.8 and -1; the prompt's does not take part.
  const std::pair<const char*, const char*> rules[] = {
      {"format", "the tags are there in order"},
      {"answer_in_reasoning", "written out in the reasoning: 'b'"},
      {"answer_overlap",
       "words of 'b' in common with 2 answers of its pair's other side"},
      {"length", "3 tokens; free up to 2, -1 beyond 4"},
      {"repetition", "40.0 % of its sequences of 1 words were there before"},
      {"ranking",
       "1 of 2 own are among the 2 most similar of 5; closest "
       "other: pair 1, sample 1, 0.8000"},
      {"margin", "mean 0.5000 to own, 0.1333 to others"},
      {"margin", "; cut to [-0.1000, 0.1000]"},
      {"ranking_margin",
       "1 of 2 own are among the 2 most similar of 5; mean "
       "0.5000 to own, 0.1333 to others"},
      {"hardest_negative_margin",
       "mean 0.5000 to own; closest other: pair 1, sample 1, 0.8000"},
      {"retrieval_ndcg", "own stand at rank 1, 4 of 5"},
      {"threshold", "1 of 2 own reach 0.5000"},
      {"disc_guided",
       "discriminative embeddings: 0.7071 to its pair's, mean "
       "0.0000 to 2 negatives'"},
      {"gated",
       "format (the tags are there in order) × threshold (1 of 2 own "
       "reach 0.5000)"},
  };
  for (const auto& [name, rule] : rules) {
    INFO(name);
    CHECK_THAT(term_of_row(row, name).rule, Contains(rule));
  }
  CHECK(term_of_row(row, "repetition").cell.value == Approx(-0.4));
  CHECK(row.own_ranks == std::vector<int64_t>{1, 4});
  CHECK(std::isnan(row.similarity[5]));
  CHECK_FALSE(e.query.columns[5].compared);
}

TEST_CASE(
    "explanation: ranks and rules keep to the negatives, the weight is the "
    "source's at that step") {
  RewardConfig config = config_of({"ranking", "margin"});
  config.negatives.same_source = true;
  config.sources = {{"animals", {{"ranking", "3"}}}};
  config.terms[1].schedule = {"linear", 0.0, 1.0, 0, 10};
  const auto pipeline = make_reward_pipeline(config);
  const Explanation e = explain_pair(pipeline, full_records(), "1", "1");
  const ExplainedRow& row = e.query.rows[0];  // (0.6, 0.8)
  CHECK(term_of_row(row, "ranking").weight == 3.0);
  CHECK(term_of_row(row, "margin").weight == 0.5);
  // Of its source: own 1 and 0.96, pair 2's -0.6. Pair 0's are left out.
  CHECK_THAT(term_of_row(row, "ranking").rule,
             Contains("2 of 2 own are among the 2 most similar of 3"));
  CHECK_THAT(term_of_row(row, "margin").rule, Contains("-0.6000 to others"));
  CHECK_FALSE(e.query.columns[0].compared);
  CHECK(e.query.columns[4].compared);
  CHECK(json::parse(explanation_json(e))["query"]["columns"][0]["compared"] ==
        false);
}

TEST_CASE("explanation: a row without an embedding that counts says so") {
  const Explanation e = explain_pair(
      make_reward_pipeline(config_of({"ranking"})), full_records(), "1", "2");
  CHECK_THAT(e.query.rows[1].terms[0].rule,
             Contains("nothing to compare: no embedding of its own"));
  CHECK(e.query.rows[1].own_ranks == std::vector<int64_t>{0, 0});
}
