// The terms against tests/reward/make_term_cases.py, closed forms and hostile
// text.
#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "common/error/error.h"
#include "reward/reward_pipeline.h"
#include "tests/reward/parity_files.h"
#include "tests/reward/reward_fixtures.h"

using namespace ume;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

const std::vector<std::string> kReferenceTerms = {
    "retrieval_ndcg", "hardest_negative_margin",
    "ranking",        "margin",
    "disc_guided",    "threshold",
    "answer_overlap", "length",
    "repetition"};

CohortSide side_of(const json& c, const char* name) {
  const json& from = c.at("sides").at(name);
  CohortSide side = parity_side(from);
  for (const auto& row : from.at("disc")) {
    for (const auto& x : row) side.disc_embeddings.push_back(x.get<float>());
  }
  side.completion_tokens = from.at("tokens").get<std::vector<int32_t>>();
  return side;
}

Cohort cohort_of(const json& c) {
  Cohort cohort;
  cohort.num_pairs = c.at("num_groups");
  cohort.group_size = c.at("group_size");
  cohort.dim = c.at("dim");
  cohort.sources = c.at("sources").get<std::vector<std::string>>();
  cohort.query_digests =
      c.at("digests").at("query").get<std::vector<std::string>>();
  cohort.target_digests =
      c.at("digests").at("target").get<std::vector<std::string>>();
  cohort.query = side_of(c, "query");
  cohort.target = side_of(c, "target");
  return cohort;
}

RewardConfig reference_config(const json& c) {
  RewardConfig config = config_of(kReferenceTerms);
  for (RewardTermConfig& term : config.terms) {
    if (term.name == "threshold") term.threshold = c.at("threshold");
    if (term.name == "repetition") term.ngram = c.at("ngram");
    if (term.name == "length") {
      term.max_tokens = c.at("max_tokens");
      term.buffer_tokens = c.at("buffer_tokens");
    }
  }
  return config;
}

void check_cells(const std::vector<RewardCell>& cells, const json& expected) {
  REQUIRE(cells.size() == expected.size());
  for (size_t row = 0; row < cells.size(); ++row) {
    INFO("row " << row);
    if (expected[row].is_null()) {
      CHECK(cells[row].state == CellState::kInvalid);
      CHECK_THAT(cells[row].reason, Contains("no other pair"));
      continue;
    }
    REQUIRE(cells[row].state == CellState::kValue);
    CHECK(cells[row].value == Approx(expected[row].get<double>()).margin(1e-6));
  }
}

void check_columns(const json& c,
                   const RewardTable& table,
                   const char* negatives) {
  for (const RewardColumn& column : table.components) {
    INFO(column.name << ", negatives: " << negatives);
    for (const char* side : {"query", "target"}) {
      const json& expected =
          c.at("sides").at(side).at("expected").at(negatives);
      if (!expected.contains(column.name)) continue;
      check_cells(std::string(side) == "query" ? column.query : column.target,
                  expected.at(column.name));
    }
  }
}

RewardTable score(const Cohort& cohort, const RewardConfig& config) {
  return make_reward_pipeline(config).score(cohort);
}

}  // namespace

TEST_CASE(
    "every term agrees with its reference, with any choice of negatives") {
  for (const json& c : read_fixture("reward/term_cases.json")) {
    INFO(c.at("name").get<std::string>());
    const Cohort cohort = cohort_of(c);
    RewardConfig config = reference_config(c);
    check_columns(c, score(cohort, config), "all");
    config.negatives.same_source = true;
    check_columns(c, score(cohort, config), "same_source");
    config.negatives = {false, true};
    check_columns(c, score(cohort, config), "exclude_duplicates");
  }
}

TEST_CASE("components normalised in their groups agree with the reference") {
  for (const json& c : read_fixture("reward/term_cases.json")) {
    INFO(c.at("name").get<std::string>());
    RewardConfig config = reference_config(c);
    for (RewardTermConfig& term : config.terms) {
      term.weight = term.name == "margin"           ? 2.0
                    : term.name == "answer_overlap" ? 0.5
                    : term.name == "length"         ? 1.0
                                                    : 0.0;
    }
    config.normalise = "component";
    const RewardTable table = score(cohort_of(c), config);
    for (const char* side : {"query", "target"}) {
      check_cells(
          std::string(side) == "query" ? table.total.query : table.total.target,
          c.at("sides").at(side).at("expected").at("all").at("gdpo"));
    }
    CHECK(table.components.back().name == "raw_total");
    // The learner subtracts the group's mean, and divides by nothing.
    const int64_t group = c.at("group_size");
    for (size_t row = 0; row < table.total.query.size(); ++row) {
      if (static_cast<int64_t>(row) % group != 0) continue;
      double sum = 0.0;
      for (int64_t g = 0; g < group; ++g)
        sum += table.total.query[row + g].value;
      CHECK(sum == Approx(0.0).margin(1e-9));
    }
  }
}

TEST_CASE("equal similarities rank the lower column first, in every term") {
  Cohort cohort = plane_cohort();
  cohort.target.gen_embeddings = {1, 0, 1, 0, 1, 0, 1, 0};
  cohort.query.gen_embeddings = cohort.target.gen_embeddings;
  const RewardTable table =
      score(cohort, config_of({"retrieval_ndcg", "hardest_negative_margin"}));
  CHECK(table.components[0].query[0].value == 1.0);
  // Ranks 3 and 4 of 4: (1/log2 4 + 1/log2 5) / (1/log2 2 + 1/log2 3).
  const double last =
      (0.5 + 1.0 / std::log2(5.0)) / (1.0 + 1.0 / std::log2(3.0));
  CHECK(table.components[0].query[2].value == Approx(last).epsilon(1e-12));
  CHECK(table.components[1].query[2].value == 0.0);
}

TEST_CASE("the length penalty falls over the buffer and stays at -1") {
  RewardConfig config = config_of({"length"});
  config.terms[0].max_tokens = 10;
  config.terms[0].buffer_tokens = 4;
  Cohort cohort = plane_cohort();
  cohort.query.completion_tokens = {6, 7, 10, 11};
  cohort.target.completion_tokens = {0, 8, -1, 1 << 30};
  const RewardTable table = score(cohort, config);
  const double query[] = {0.0, -0.25, -1.0, -1.0};
  for (int row = 0; row < 4; ++row) {
    CHECK(table.total.query[row].value == query[row]);
  }
  CHECK(table.total.target[1].value == -0.5);
  CHECK(table.total.target[2].state == CellState::kInvalid);
  config.terms[0].buffer_tokens = 0;
  CHECK(score(cohort, config).total.query[2].value == 0.0);
  CHECK(score(cohort, config).total.query[3].value == -1.0);
}

TEST_CASE("repeated words are found, in languages without spaces too") {
  RewardConfig config = config_of({"repetition"});
  config.terms[0].ngram = 1;
  Cohort cohort = plane_cohort();
  cohort.query.completions = {"a b a B", "語語語語", "a", ""};
  cohort.target.completions = {"\xff\xff", std::string(1 << 20, 'x'), "\xe8",
                               "<<<>>>"};
  const RewardTable table = score(cohort, config);
  CHECK(table.total.query[0].value == -0.5);
  CHECK(table.total.query[1].value == -0.75);
  CHECK(table.total.query[2].value == 0.0);
  CHECK(table.total.query[3].value == 0.0);
  CHECK(table.total.target[0].value == -0.5);
  CHECK(table.total.target[1].value < -0.999);  // cut into equal words
  CHECK(table.total.target[3].value == 0.0);
}

TEST_CASE("answers overlap by their words, whatever their case and order") {
  Cohort cohort = plane_cohort();
  const auto with = [](const char* answer) {
    return "<think>x</think><answer>" + std::string(answer) + "<gen_emb>";
  };
  cohort.query.completions = {with("The Euro"), with(""), with("x"), with("y")};
  cohort.target.completions = {with("euro, the"), with("euro"), "", with("z")};
  const RewardTable table = score(cohort, config_of({"answer_overlap"}));
  // F1 with "euro, the" is 1, with "euro" 2 * 1 / 3.
  CHECK(table.total.query[0].value == Approx((1.0 + 2.0 / 3.0) / 2.0));
  CHECK(table.total.query[1].value == 0.0);
  CHECK(table.total.target[2].value == 0.0);
  cohort.query.completions[0] = with(std::string(1 << 20, ' ').c_str());
  CHECK(score(cohort, config_of({"answer_overlap"})).total.query[0].value ==
        0.0);
}

TEST_CASE("disc_guided needs discriminative embeddings and says so") {
  Cohort cohort = plane_cohort();
  const RewardConfig config = config_of({"disc_guided"});
  CHECK(score(cohort, config).total.query[0].state == CellState::kInvalid);
  cohort.target.disc_embeddings = {2, 0, 0, 1};
  cohort.query.disc_embeddings = {0, 0, 0, 1};
  const RewardTable table = score(cohort, config);
  CHECK(table.total.query[0].value == 1.0);
  CHECK_THAT(table.total.target[0].reason, Contains("no usable"));
  // Its own is there, but the only negative is not.
  CHECK_THAT(table.total.target[2].reason, Contains("no negative"));
}

TEST_CASE("a missing embedding earns 0 from every term that needs it") {
  Cohort cohort = plane_cohort();
  cohort.query.disc_embeddings = cohort.target.disc_embeddings = {1, 0, 0, 1};
  cohort.query.has_embedding[1] = 0;
  const std::vector<std::string> terms = {
      "retrieval_ndcg", "hardest_negative_margin", "threshold", "disc_guided"};
  RewardConfig config = config_of(terms);
  for (const RewardColumn& column : score(cohort, config).components) {
    INFO(column.name);
    CHECK(column.query[1] == RewardCell{});
    CHECK(column.target[0].value == 1.0);
  }
  config.missing_embedding = "drop";
  for (const RewardColumn& column : score(cohort, config).components) {
    INFO(column.name);
    CHECK(column.query[1].state == CellState::kInvalid);
  }
  cohort.query.gen_embeddings[0] = std::nanf("");
  for (const RewardColumn& column : score(cohort, config).components) {
    INFO(column.name);
    CHECK(column.query[0].state == CellState::kInvalid);
  }
}

TEST_CASE("choices of negatives that the cohort cannot answer are refused") {
  Cohort cohort = plane_cohort();
  RewardConfig config;
  config.negatives.same_source = true;
  CHECK_THROWS_WITH(score(cohort, config), Contains("sources, found 0"));
  config.negatives = {false, true};
  CHECK_THROWS_WITH(score(cohort, config), Contains("duplicate ids"));
  cohort.duplicate_ids = {"a", "a"};
  CHECK(score(cohort, config).total.query[0].state == CellState::kInvalid);
  cohort.duplicate_ids = {"", ""};
  CHECK(score(cohort, config).total.query[0].value == 2.0);
  cohort.duplicate_ids = {"a"};
  CHECK_THROWS_WITH(score(cohort, config), Contains("some pairs only"));
}
