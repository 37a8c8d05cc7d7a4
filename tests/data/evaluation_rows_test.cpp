#include "data/records/evaluation_rows.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "common/error/error.h"

namespace ume {
namespace {

using nlohmann::json;

json query_row() {
  return json::parse(R"({
    "query_text": ["<|image_pad|>\nWhich bird?"],
    "query_image": [{"bytes": [null], "paths": ["a.jpg"]}],
    "cand_text": ["heron", "stork"], "cand_image": [null, null],
    "dataset_infos": {"cand_names": ["heron", "stork"],
                      "label_name": "stork", "rel_scores": null}})");
}

TEST_CASE("a query row has its media, labels and own candidates") {
  const EvaluationQuery query =
      parse_evaluation_query(query_row(), "F, line 1", ".");
  CHECK(query.prompt.images.size() == 1);
  CHECK(query.labels == std::vector<std::string>{"stork"});
  CHECK(query.grades.empty());
  CHECK(query.own_candidates.size() == 2);
}

TEST_CASE("the marker in a text says that the paths are a video's frames") {
  json row = query_row();
  row["query_text"][0] = "<|video_pad|> What happens?";
  const EvaluationQuery query = parse_evaluation_query(row, "F, line 1", ".");
  CHECK(query.prompt.images.empty());
  CHECK(query.prompt.frames.size() == 1);
}

TEST_CASE("a query of the whole task has no candidates of its own") {
  const json row = json::parse(R"({"query_text": ["q"], "query_image": [null],
      "dataset_infos": {"label_name": ["a", "b"], "rel_scores": [2, 1]}})");
  const EvaluationQuery query = parse_evaluation_query(row, "F, line 1", ".");
  CHECK(query.labels.size() == 2);
  CHECK(query.grades == std::vector<double>{2, 1});
  CHECK(query.own_candidates.empty());
}

TEST_CASE("what is wrong with a query row is named with its member") {
  const auto refused = [](const char* pointer, const json& value,
                          const std::string& why) {
    json row = query_row();
    row[json::json_pointer(pointer)] = value;
    INFO(row.dump());
    CHECK_THROWS_WITH(parse_evaluation_query(row, "F, line 7", "."),
                      Catch::StartsWith("F, line 7: ") && Catch::Contains(why));
  };
  refused("/query_text", "q", "query_text: expected a list, found \"q\"");
  refused("/query_text", json::array(), "expected a list of one");
  refused("/query_image", json::array({1}), "query_image: expected an object");
  refused("/query_image/0/paths", json::array({2}), "paths: expected texts");
  refused("/dataset_infos/label_name", "crane",
          "label_name: expected one of cand_names, found \"crane\"");
  refused("/dataset_infos/label_name", json::array(), "the list is empty");
  refused("/dataset_infos/rel_scores", json::array({1, 2}),
          "rel_scores: expected 1 entries, found 2");
  refused("/dataset_infos/rel_scores", json::array({-1}),
          "rel_scores: expected finite numbers of 0 or more, found -1");
  refused("/dataset_infos/rel_scores", json::array({"2"}), "found \"2\"");
  refused("/cand_text", json::array({"heron"}),
          "cand_text: expected 2 entries, found 1");
}

TEST_CASE("a candidate row needs a name") {
  const json row = json::parse(R"({"cand_text": ["heron"],
      "cand_image": [null], "dataset_infos": {"cand_name": "heron"}})");
  CHECK(parse_evaluation_candidate(row, "F", ".").name == "heron");
  json nameless = row;
  nameless["dataset_infos"].erase("cand_name");
  CHECK_THROWS_WITH(parse_evaluation_candidate(nameless, "F, line 2", "."),
                    Catch::Contains("cand_name: missing"));
}

TEST_CASE("a task ranks all its candidates unless it says local") {
  const auto ranking = [](const std::string& text) {
    return parse_evaluation_ranking(json::parse(text), "F: tasks[2]");
  };
  CHECK(ranking("{}") == EvaluationRanking::kGlobal);
  CHECK(ranking(R"({"ranking": "global"})") == EvaluationRanking::kGlobal);
  CHECK(ranking(R"({"ranking": "local"})") == EvaluationRanking::kLocal);
  CHECK_THROWS_WITH(ranking(R"({"ranking": "locl"})"),
                    "F: tasks[2].ranking: expected \"global\" or \"local\", "
                    "found \"locl\"");
  CHECK_THROWS_AS(ranking(R"({"ranking": 1})"), InvalidInput);
}

TEST_CASE("a row is ranked only among candidates that its task has") {
  // Own candidates: heron and stork, of which stork is right.
  const EvaluationQuery query = parse_evaluation_query(query_row(), "F", ".");
  const auto problem = [](const EvaluationQuery& row, EvaluationRanking ranking,
                          const std::string& candidates) {
    return find_ranking_problem(
        row, ranking, {"c.jsonl", [&](const std::string& name) {
                         return candidates.find(name) != std::string::npos;
                       }});
  };
  const auto global = EvaluationRanking::kGlobal;
  const auto local = EvaluationRanking::kLocal;
  CHECK_FALSE(problem(query, global, "stork crane"));
  CHECK_FALSE(problem(query, local, "stork heron"));
  CHECK(problem(query, global, "heron") ==
        "dataset_infos.label_name: expected a name of c.jsonl, found "
        "\"stork\"");
  CHECK(problem(query, local, "stork crane") ==
        "dataset_infos.cand_names: expected a name of c.jsonl, found "
        "\"heron\"");
  EvaluationQuery without = query;
  without.own_candidates.clear();
  CHECK_FALSE(problem(without, global, "stork crane"));
  CHECK_THAT(problem(without, local, "stork crane").value_or(""),
             Catch::Contains("cand_names") && Catch::Contains("found none"));
}

}  // namespace
}  // namespace ume
