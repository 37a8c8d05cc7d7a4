#include <time.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "reward/extension_input.h"
#include "reward/reward_pipeline.h"
#include "reward/term_catalogue.h"
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
  cohort.query.completion_tokens = {0, 1, 60, 99, 100, 101, -1, 1 << 30};
  cohort.query.disc_embeddings = {1, 0, nan, 0, 0, 0, inf, 1};
  cohort.target = cohort.query;
  return cohort;
}

RewardConfig all_terms(bool strict) {
  RewardConfig config;
  config.terms.clear();
  for (const TermKind& kind : term_kinds()) {
    if (kind.make == nullptr) continue;
    RewardTermConfig term = term_of(kind.name);
    if (term.name == "format") term.strict = strict;
    if (term.name == "length") {
      term.max_tokens = 100;
      term.buffer_tokens = 50;
    }
    config.terms.push_back(term);
  }
  RewardTermConfig product = term_of("product");
  product.label = "gated";
  for (const char* name : {"format", "retrieval_ndcg", "answer_overlap"}) {
    product.factors.emplace_back();
    product.factors.back().name = name;
  }
  config.terms.push_back(product);
  return config;
}

double thread_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
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
  for (const bool strict : {false, true}) {
    const RewardPipeline pipeline = make_reward_pipeline(all_terms(strict));
    const double start = thread_seconds();
    const RewardTable table = pipeline.score(hostile_cohort());
    // About ten times what the two sides take; a rule that goes back in the
    // text would take minutes.
    CHECK(thread_seconds() - start < 10.0);
    check_cells(table.total.query);
    check_cells(table.total.target);
    for (const RewardColumn& column : table.components) {
      INFO(column.name);
      check_cells(column.query);
      check_cells(column.target);
    }
    CHECK(table.total.query[0].state == CellState::kInvalid);  // NaN
  }
}

TEST_CASE("hostile: more rows than can be compared are refused, not held") {
  Cohort cohort;
  cohort.num_pairs = 1 << 15;
  cohort.group_size = 1;
  for (CohortSide* side : {&cohort.query, &cohort.target}) {
    side->completions.resize(1 << 15);
    side->has_embedding.assign(1 << 15, 0);
  }
  CHECK_THROWS_WITH(make_reward_pipeline({}).score(cohort),
                    Catch::Contains("32768 rows a side cannot be compared") &&
                        Catch::Contains("at most 16384"));
  RewardConfig config;
  config.terms.resize(1);
  config.terms[0].name = "format";
  CHECK(make_reward_pipeline(config).score(cohort).total.query[9].value == 0.0);
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
