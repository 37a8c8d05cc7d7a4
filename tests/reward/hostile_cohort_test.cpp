#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "reward/extension_input.h"
#include "reward/reward_pipeline.h"
#include "tests/reward/reward_fixtures.h"

using namespace ume;

// What models and files may hold must neither stall nor end the service: every
// cell gets a state, and no value that is not finite.
namespace {

std::string repeated(const std::string& part, size_t bytes) {
  std::string out;
  while (out.size() < bytes) out += part;
  return out;
}

std::vector<std::string> hostile_texts() {
  const size_t million = 1 << 20;
  return {repeated("<think>", million),
          repeated("<think></think><answer>", million),
          repeated("<think><answer><gen_emb></think>", million),
          repeated("\xff\xfe<thi\x80nk>", million),
          std::string(million, '\0'),
          repeated("<answer>a</answer>", million),
          "",
          "<gen_emb><answer></think><think>"};
}

Cohort hostile_cohort() {
  const float inf = std::numeric_limits<float>::infinity();
  const float nan = std::nanf("");
  Cohort cohort;
  cohort.num_pairs = 4;
  cohort.group_size = 2;
  cohort.dim = 2;
  cohort.query.completions = hostile_texts();
  cohort.query.gen_embeddings = {nan, 1,    inf,   -inf,  0,      0,
                                 1,   0,    1e38f, 1e38f, 1e-38f, 0,
                                 -1,  0.5f, 3e38f, inf};
  cohort.query.has_embedding.assign(8, 1);
  cohort.target = cohort.query;
  return cohort;
}

void check_cells(const std::vector<RewardCell>& cells) {
  REQUIRE(cells.size() == 8);
  for (const RewardCell& cell : cells) {
    if (cell.state == CellState::kValue) {
      CHECK(std::isfinite(cell.value));
    } else {
      CHECK_FALSE(cell.reason.empty());
    }
  }
}

}  // namespace

TEST_CASE("hostile: giant texts and broken embeddings get a cell each") {
  RewardConfig config;
  config.terms.resize(4);
  const char* names[] = {"format", "ranking_margin", "answer_in_reasoning",
                         "margin"};
  for (size_t i = 0; i < 4; ++i) config.terms[i].name = names[i];
  for (const bool strict : {false, true}) {
    config.terms[0].strict = strict;
    const RewardPipeline pipeline = make_reward_pipeline(config);
    const RewardTable table = pipeline.score(hostile_cohort());
    check_cells(table.total.query);
    check_cells(table.total.target);
    CHECK(table.total.query[0].state == CellState::kInvalid);  // NaN
  }
}

TEST_CASE(
    "hostile: a wrong dimension makes the side invalid, not the service") {
  Cohort cohort = hostile_cohort();
  cohort.target.gen_embeddings.pop_back();
  cohort.target.has_embedding.assign(8, 1);
  const RewardTable table = make_reward_pipeline({}).score(cohort);
  for (const RewardCell& cell : table.total.target) {
    CHECK(cell.state == CellState::kInvalid);
  }
  check_cells(table.total.query);
}

TEST_CASE("hostile: what goes to code of others is clean text and numbers") {
  const Cohort cohort = hostile_cohort();
  ViewOptions options;
  options.compare = false;
  const CohortView view(cohort, options);
  const Cohort input = extension_input(view);
  for (const float value : input.query.gen_embeddings) {
    CHECK(std::isfinite(value));
  }
  CHECK(input.query.has_embedding[0] == 0);
  CHECK(input.query.completions[4].find('\0') == std::string::npos);
  CHECK(input.query.completions[3].find('\xff') == std::string::npos);
}
