#include "eval/metrics/retrieval_metrics.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "common/error/error.h"
#include "eval/metrics/ranking.h"
#include "eval/report/statistics.h"

using namespace ume;
using nlohmann::json;

namespace {

using Ids = std::vector<int64_t>;
using Names = std::vector<std::string>;

json fixture(const std::string& path) {
  std::ifstream in("tests/fixtures/" + path);
  return json::parse(in);
}

std::vector<json> lines(const std::string& path) {
  std::ifstream in("tests/fixtures/" + path);
  std::vector<json> out;
  for (std::string line; std::getline(in, line);) {
    out.push_back(json::parse(line));
  }
  return out;
}

// Every name that `expected` has, to 1e-9.
void check_values(const MetricValues& found, const json& expected) {
  size_t compared = 0;
  for (size_t i = 0; i < metric_names().size(); ++i) {
    const std::string& name = metric_names()[i];
    if (!expected.contains(name)) continue;
    INFO(name);
    CHECK(found.values[i] == Approx(expected[name].get<double>()).margin(1e-9));
    ++compared;
  }
  CHECK(compared >= 6);
}

std::vector<double> grades(const json& rel_scores) {
  return rel_scores.is_null() ? std::vector<double>()
                              : rel_scores.get<std::vector<double>>();
}

std::vector<MetricValues> metrics_of(const json& scores, const json& labels) {
  std::vector<MetricValues> out;
  for (size_t q = 0; q < scores.size(); ++q) {
    out.push_back(
        query_metrics(rank_candidates(scores[q].get<std::vector<float>>()),
                      labels[q].get<Ids>()));
  }
  return out;
}

std::vector<MetricValues> metrics_of_predictions(const std::string& path) {
  std::vector<MetricValues> out;
  for (const json& row : lines(path)) {
    out.push_back(query_metrics(row["prediction"].get<Names>(),
                                row["label"].get<Names>(),
                                grades(row["rel_scores"])));
  }
  return out;
}

// As a report counts them, from the two modes' hit@1 of each query.
double oracle_hits(const std::vector<MetricValues>& disc,
                   const std::vector<MetricValues>& gen) {
  TaskSummary task;
  for (size_t q = 0; q < disc.size(); ++q) {
    QueryOutcome outcome;
    outcome.id = std::to_string(q);
    outcome.disc = disc[q].at(Metric::kHit, 0);
    outcome.gen = gen.at(q).at(Metric::kHit, 0);
    task.queries.push_back(outcome);
  }
  return task_statistics(task).oracle.mean;
}

}  // namespace

TEST_CASE("global candidates: rankings and metrics agree with every case") {
  for (const json& c : fixture("parity/metrics/cases.json")) {
    INFO(c["name"].get<std::string>());
    std::vector<MetricValues> all;
    for (size_t q = 0; q < c["scores"].size(); ++q) {
      const Ids ranking =
          rank_candidates(c["scores"][q].get<std::vector<float>>());
      CHECK(ranking == c["ranking"][q].get<Ids>());
      const json& rel = c["rel_scores"];
      all.push_back(
          query_metrics(ranking, c["labels"][q].get<Ids>(),
                        rel.is_null() ? grades(rel) : grades(rel[q])));
      check_values(all.back(), c["per_query"][q]);
    }
    check_values(mean_metrics(all), c["expected"]);
  }
}

TEST_CASE("local candidates: rankings and metrics agree with every case") {
  for (const json& c : fixture("parity/metrics/local_candidates.json")) {
    std::vector<MetricValues> all;
    for (size_t q = 0; q < c["rows"].size(); ++q) {
      const json& row = c["rows"][q];
      const auto names = row["candidates"].get<Names>();
      const auto scores = row["scores"].get<std::vector<float>>();
      Names ranking;
      for (int64_t i : rank_candidates(scores)) ranking.push_back(names[i]);
      CHECK(ranking == row["ranking"].get<Names>());
      all.push_back(query_metrics(ranking, row["labels"].get<Names>()));
      check_values(all.back(), c["per_query"][q]);
    }
    check_values(mean_metrics(all), c["expected"]);
  }
}

TEST_CASE("both modes and their oracle agree with every case") {
  for (const json& c : fixture("parity/metrics/modes_and_oracle.json")) {
    const auto disc = metrics_of(c["disc_scores"], c["labels"]);
    const auto gen = metrics_of(c["gen_scores"], c["labels"]);
    check_values(mean_metrics(disc), c["expected_disc"]);
    check_values(mean_metrics(gen), c["expected_gen"]);
    CHECK(oracle_hits(disc, gen) ==
          Approx(c["expected_oracle"]["hit@1"].get<double>()));
  }
}

TEST_CASE("score files of the specification are reproduced") {
  const std::string folder = "spec_examples/eval/";
  for (const char* run :
       {"ToyCls_disc_disc", "ToyCls_gen_gen", "ToyDoc_gen_gen"}) {
    INFO(run);
    const auto all =
        metrics_of_predictions(folder + run + std::string("_pred.jsonl"));
    const json expected = fixture(folder + run + std::string("_score.json"));
    check_values(mean_metrics(all), expected);
    CHECK(all.size() == expected["num_pred"].get<size_t>());
  }
  CHECK(oracle_hits(
            metrics_of_predictions(folder + "ToyCls_disc_disc_pred.jsonl"),
            metrics_of_predictions(folder + "ToyCls_gen_gen_pred.jsonl")) ==
        fixture(folder + "ToyCls_oracle.json")["hit@1"].get<double>());
}

TEST_CASE("metric names stand in the score files' order") {
  std::ifstream in(
      "tests/fixtures/spec_examples/eval/ToyCls_gen_gen_score.json");
  const auto ordered = nlohmann::ordered_json::parse(in);
  std::vector<std::string> names;
  for (const auto& [name, value] : ordered.items()) names.push_back(name);
  names.resize(names.size() - 2);  // num_pred, num_data
  CHECK(metric_names() == names);
}

TEST_CASE("repeated labels and candidates count once") {
  // By hand: labels {1, 2}; distinct ranks 1, 3, 2.
  const MetricValues m = query_metrics(Ids{1, 1, 2}, Ids{1, 1, 2});
  CHECK(m.at(Metric::kRecall, 1) == 1.0);
  CHECK(m.at(Metric::kPrecision, 1) == Approx(0.4));
  CHECK(m.at(Metric::kMap, 1) == Approx((1.0 + 2.0 / 3.0) / 2.0));
}

TEST_CASE("a query without labels has recall 1 and 0 else") {
  const MetricValues m = query_metrics(Ids{3, 4}, Ids{});
  for (size_t i = 0; i < m.values.size(); ++i) {
    const bool recall = metric_names()[i].rfind("recall", 0) == 0;
    CHECK(m.values[i] == (recall ? 1.0 : 0.0));
  }
  CHECK(mean_metrics({}) == MetricValues());
}

TEST_CASE("grades must fit the labels") {
  CHECK_THROWS_AS(query_metrics(Ids{1}, Ids{1}, std::vector<double>{1, 2}),
                  InvalidInput);
  CHECK_THROWS_AS(query_metrics(Ids{1}, Ids{1}, std::vector<double>{-1}),
                  InvalidInput);
}

TEST_CASE("scores that are not numbers rank last and ties keep their order") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float inf = std::numeric_limits<float>::infinity();
  CHECK(rank_candidates(std::vector<float>{nan, 1, -inf, nan, 1, inf}) ==
        Ids{5, 1, 4, 2, 0, 3});
  CHECK(rank_listed(std::vector<float>{0.1f, 0.9f, 0.9f}, Ids{2, 0, 1}) ==
        Ids{2, 1, 0});
  CHECK_THROWS_AS(rank_listed(std::vector<float>{1}, Ids{1}), InvalidInput);
}

TEST_CASE("score_matrix holds the dot products, query by query") {
  const std::vector<float> queries = {1, 0, 3, 4};
  const std::vector<float> candidates = {1, 2, -1, 0, 0.5f, 0.5f};
  CHECK(score_matrix(queries, candidates, 2) ==
        std::vector<float>{1, -1, 0.5f, 11, -3, 3.5f});
  CHECK(score_matrix({}, candidates, 2).empty());
  CHECK_THROWS_AS(score_matrix(queries, candidates, 4), InvalidInput);
  CHECK_THROWS_AS(score_matrix(queries, candidates, 0), InvalidInput);
}
