#include "reward/reward_pipeline.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "common/error/error.h"
#include "reward/policy_hash.h"
#include "tests/reward/parity_files.h"
#include "tests/reward/reward_fixtures.h"

using namespace ume;
using Catch::Matchers::Contains;

namespace {

RewardTable score(const Cohort& cohort,
                  const RewardConfig& config = RewardConfig()) {
  return make_reward_pipeline(config).score(cohort);
}

const std::vector<std::string> kAllTerms = {"format", "ranking", "margin",
                                            "ranking_margin"};

void check_values(const std::vector<RewardCell>& cells,
                  const nlohmann::json& expected) {
  REQUIRE(cells.size() == expected.size());
  for (size_t i = 0; i < cells.size(); ++i) {
    INFO("row " << i);
    CHECK(cells[i].state == CellState::kValue);
    CHECK(cells[i].value == Approx(expected[i].get<double>()).margin(1e-5));
  }
}

void check_ranking_bounds(const std::vector<RewardCell>& cells,
                          const nlohmann::json& expected,
                          double group_size) {
  for (size_t i = 0; i < cells.size(); ++i) {
    const double count = cells[i].value * group_size;
    CHECK(count >= expected.at("num_in_top_g_min")[i].get<double>() - 1e-9);
    CHECK(count <= expected.at("num_in_top_g_max")[i].get<double>() + 1e-9);
  }
}

void check_side(const nlohmann::json& c, const RewardTable& table, Side side) {
  const auto& expected =
      c.at(side == Side::kQuery ? "expected_query" : "expected_target");
  const auto cells = [&](size_t term) -> const std::vector<RewardCell>& {
    const RewardColumn& column = table.components[term];
    return side == Side::kQuery ? column.query : column.target;
  };
  check_values(cells(0), expected.at("format_reward"));
  check_values(cells(2), expected.at("margin"));
  check_ranking_bounds(cells(1), expected, c.at("group_size").get<double>());
  if (c.at("tie_sensitive").get<bool>()) return;
  check_values(cells(1), expected.at("ranking"));
  check_values(cells(3), expected.at("embed_reward"));
  check_values(side == Side::kQuery ? table.total.query : table.total.target,
               expected.at("reward"));
}

}  // namespace

TEST_CASE("rewards agree with every recorded case on both sides") {
  RewardConfig config = config_of(kAllTerms);
  config.terms[1].weight = config.terms[2].weight = 0.0;
  int64_t scored = 0;
  for (const auto& c : read_fixture("parity/reward/reward_cases.json")) {
    INFO(c.at("name").get<std::string>());
    const Cohort cohort = parity_cohort(c);
    if (cohort.num_pairs == 1) {
      CHECK_THROWS_AS(score(cohort, config), InvalidInput);
      continue;
    }
    const RewardTable table = score(cohort, config);
    check_side(c, table, Side::kQuery);
    check_side(c, table, Side::kTarget);
    ++scored;
  }
  CHECK(scored == 9);
}

TEST_CASE("similarities agree with the recorded ones") {
  for (const auto& c : read_fixture("parity/reward/reward_cases.json")) {
    const Cohort cohort = parity_cohort(c);
    const CohortView view(cohort, ViewOptions());
    const int64_t n = view.num_rows();
    const auto& expected = c.at("expected_query").at("similarity");
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        REQUIRE(view.similarity()[i * n + j] ==
                Approx(expected[i][j].get<double>()).margin(1e-5));
      }
    }
  }
}

TEST_CASE("rewards agree with the specification's worked example") {
  // Embeddings with exactly the example's similarities: queries are the unit
  // vectors e_i, targets the columns of S and a last coordinate that makes
  // their length 2; cosines are then S / 2, and so are all margins.
  const auto example = read_fixture("spec_examples/reward_worked_example.json");
  const auto& s = example.at("similarity_query_rows_target_columns");
  Cohort cohort;
  cohort.num_pairs = 2;
  cohort.group_size = 2;
  cohort.dim = 5;
  for (int64_t i = 0; i < 4; ++i) {
    float square = 0.0f;
    for (int64_t k = 0; k < 4; ++k) {
      cohort.query.gen_embeddings.push_back(i == k ? 1.0f : 0.0f);
      const float x = s[k][i].get<float>();
      cohort.target.gen_embeddings.push_back(x);
      square += x * x;
    }
    cohort.query.gen_embeddings.push_back(0.0f);
    cohort.target.gen_embeddings.push_back(std::sqrt(4.0f - square));
  }
  for (CohortSide* side : {&cohort.query, &cohort.target}) {
    side->completions.assign(4, "");
    side->has_embedding.assign(4, 1);
  }
  const RewardTable table = score(cohort, config_of(kAllTerms));
  for (int64_t i = 0; i < 4; ++i) {
    const auto& q = example.at("query")[i];
    const auto& t = example.at("target")[i];
    CHECK(table.components[1].query[i].value == q.at("ranking").get<double>());
    CHECK(table.components[1].target[i].value == t.at("ranking").get<double>());
    CHECK(2 * table.components[2].query[i].value ==
          Approx(q.at("margin").get<double>()).margin(1e-5));
    CHECK(2 * table.components[3].target[i].value ==
          Approx(t.at("embed").get<double>()).margin(1e-5));
  }
}

TEST_CASE("an orthogonal cohort has ranking 1 and margin 1") {
  const RewardTable table = score(plane_cohort(), config_of(kAllTerms));
  for (const RewardColumn& column : table.components) {
    for (const RewardCell& cell : column.query) CHECK(cell.value == 1.0);
    for (const RewardCell& cell : column.target) CHECK(cell.value == 1.0);
  }
  CHECK(table.total.query[3].value == 4.0);
}

TEST_CASE("embeddings of any length are compared by their direction") {
  Cohort cohort = plane_cohort();
  for (float& x : cohort.query.gen_embeddings) x *= 250.0f;
  CHECK(score(cohort).total.query == score(plane_cohort()).total.query);
}

TEST_CASE("ties go to the lower column") {
  Cohort cohort = plane_cohort();
  cohort.target.gen_embeddings = {1, 0, 1, 0, 1, 0, 1, 0};
  cohort.query.gen_embeddings = {1, 0, 1, 0, 1, 0, 1, 0};
  const RewardTable table = score(cohort, config_of({"ranking"}));
  CHECK(table.total.query[0].value == 1.0);
  CHECK(table.total.query[2].value == 0.0);
  CHECK(table.total.target[1].value == 1.0);
  CHECK(table.total.target[3].value == 0.0);
}

TEST_CASE(
    "a missing embedding earns 0 and takes no part in the others' rewards") {
  Cohort cohort = plane_cohort();
  cohort.query.has_embedding[1] = 0;
  cohort.query.completions[1] = "<think>a</think><answer>b";
  // Garbage in a row that is marked missing must not be read.
  cohort.query.gen_embeddings[2] = std::nanf("");
  const RewardTable table = score(cohort, config_of(kAllTerms));
  for (size_t term = 0; term < 4; ++term) {
    CHECK(table.components[term].query[1] == RewardCell{});
    CHECK(table.components[term].target[0].value == 1.0);
  }
  CHECK(table.total.query[1] == RewardCell{});
}

TEST_CASE("a pair whose partners are all missing earns 0 for the comparison") {
  Cohort cohort = plane_cohort();
  cohort.target.has_embedding = {0, 0, 1, 1};
  const RewardTable table = score(cohort, config_of(kAllTerms));
  CHECK(table.components[1].query[0] == RewardCell{});  // no own column
  CHECK(table.components[2].query[3] == RewardCell{});  // no negative column
  CHECK(table.components[0].query[0].value == 1.0);
  CHECK(table.components[1].target[2].value == 1.0);
}

TEST_CASE("missing_embedding: drop takes the trajectory out of its group") {
  RewardConfig config = config_of({"format"});
  config.missing_embedding = "drop";
  Cohort cohort = plane_cohort();
  cohort.target.has_embedding[2] = 0;
  const RewardTable table = score(cohort, config);
  CHECK(table.components[0].target[2].state == CellState::kValue);
  CHECK(table.total.target[2].state == CellState::kInvalid);
  CHECK_THAT(table.total.target[2].reason, Contains("dropped"));
  CHECK(table.total.target[3].value == 1.0);
}

TEST_CASE("missing_embedding: resample scores what still has none as zero") {
  RewardConfig config;
  Cohort cohort = plane_cohort();
  cohort.target.has_embedding[2] = 0;
  const RewardTable zero = score(cohort, config);
  config.missing_embedding = "resample";
  const RewardTable table = score(cohort, config);
  CHECK(table.total == zero.total);
  CHECK(table.components == zero.components);
}

TEST_CASE("missing_embedding: prompt refuses a trajectory without any") {
  RewardConfig config;
  config.missing_embedding = "prompt";
  Cohort cohort = plane_cohort();
  cohort.target.has_embedding[2] = 0;
  const RewardTable table = score(cohort, config);
  CHECK(table.total.target[2].state == CellState::kInvalid);
  CHECK_THAT(table.total.target[2].reason, Contains("missing_embedding"));
}

TEST_CASE("unusable embeddings become invalid cells with the reason") {
  const float inf = std::numeric_limits<float>::infinity();
  const std::vector<std::pair<float, const char*>> cases = {
      {std::nanf(""), "not finite"}, {inf, "not finite"}, {0.0f, "all zeros"}};
  for (const auto& [x, reason] : cases) {
    Cohort cohort = plane_cohort();
    cohort.query.gen_embeddings[0] = x;
    const RewardTable table = score(cohort);
    CHECK(table.components[0].query[0].value == 1.0);
    CHECK(table.components[1].query[0].state == CellState::kInvalid);
    CHECK(table.total.query[0].state == CellState::kInvalid);
    CHECK_THAT(table.total.query[0].reason, Contains(reason));
    // The others are scored as if it were not there.
    CHECK(table.total.query[1].value == 2.0);
    CHECK(table.total.target[0].value == 2.0);
  }
}

TEST_CASE("huge and tiny embeddings neither overflow nor vanish") {
  for (float x : {3e38f, 1e-44f}) {
    Cohort cohort = plane_cohort();
    cohort.query.gen_embeddings[0] = x;
    CHECK(score(cohort).total.query[0].value == 2.0);
  }
}

TEST_CASE("a side of another dimension gets invalid cells, not a crash") {
  Cohort cohort = plane_cohort();
  cohort.target.gen_embeddings.pop_back();
  const RewardTable table = score(cohort);
  for (const RewardCell& cell : table.total.target) {
    CHECK(cell.state == CellState::kInvalid);
    CHECK_THAT(cell.reason, Contains("7 numbers, expected 8"));
  }
  CHECK(table.total.query[0].value == 1.0);
}

TEST_CASE("a malformed cohort is refused with what was found") {
  Cohort cohort = plane_cohort();
  cohort.query.completions.pop_back();
  CHECK_THROWS_WITH(score(cohort),
                    Contains("query") && Contains("3 entries, expected 4"));
  cohort = plane_cohort();
  cohort.num_pairs = int64_t{1} << 60;
  cohort.group_size = int64_t{1} << 10;
  CHECK_THROWS_AS(score(cohort), InvalidInput);
  cohort = plane_cohort();
  cohort.dim = -1;
  CHECK_THROWS_AS(score(cohort), InvalidInput);
}

TEST_CASE("a cohort of one pair is refused unless nothing is compared") {
  Cohort cohort = plane_cohort();
  cohort.num_pairs = 1;
  cohort.group_size = 4;
  CHECK_THROWS_WITH(score(cohort), Contains("no negatives"));
  CHECK(score(cohort, config_of({"format"})).total.query[0].value == 1.0);
}

TEST_CASE("weights scale the terms and weight 0 only records") {
  RewardConfig config = config_of({"format", "ranking_margin"});
  config.terms[0].weight = 0.5;
  config.terms[0].strict = true;
  config.terms[1].weight = 0.0;
  Cohort cohort = plane_cohort();
  cohort.query.gen_embeddings[0] = std::nanf("");
  const RewardTable table = score(cohort, config);
  CHECK(table.components[1].query[0].state == CellState::kInvalid);
  CHECK(table.total.query[0].value == 0.5);
}

TEST_CASE("the shuffled control permutes the totals and nothing else") {
  const auto c = read_fixture("parity/reward/reward_cases.json")[8];
  const Cohort cohort = parity_cohort(c);
  const RewardTable plain = score(cohort);
  RewardConfig config;
  config.control = "shuffle";
  config.control_seed = 3;
  const RewardTable shuffled = score(cohort, config);
  CHECK(shuffled.components == plain.components);
  const auto values = [](std::vector<RewardCell> cells) {
    std::vector<double> out;
    for (const RewardCell& cell : cells) out.push_back(cell.value);
    std::sort(out.begin(), out.end());
    return out;
  };
  CHECK(shuffled.total.query != plain.total.query);
  CHECK(shuffled.total.target != plain.total.target);
  CHECK(values(shuffled.total.query) == values(plain.total.query));
  CHECK(values(shuffled.total.target) == values(plain.total.target));
  CHECK(score(cohort, config) == shuffled);
  config.control_seed = 4;
  CHECK(score(cohort, config).total != shuffled.total);
  CHECK(policy_hash(config) != policy_hash(RewardConfig()));
}

TEST_CASE("the shuffled control leaves cells without a value in place") {
  RewardConfig config;
  config.control = "shuffle";
  Cohort cohort = plane_cohort();
  cohort.query.gen_embeddings[0] = std::nanf("");
  CHECK(score(cohort, config).total.query[0].state == CellState::kInvalid);
}

TEST_CASE("unknown terms are answered with the nearest name") {
  CHECK_THROWS_WITH(make_reward_pipeline(config_of({"rankin_margin"})),
                    Contains("did you mean 'ranking_margin'"));
  CHECK_THROWS_AS(make_reward_policy(term_of("")), ConfigError);
}

TEST_CASE("configurations that cannot be meant are refused") {
  CHECK_THROWS_AS(make_reward_pipeline(config_of({})), ConfigError);
  CHECK_THROWS_AS(make_reward_pipeline(config_of({"format", "format"})),
                  ConfigError);
  RewardConfig config;
  config.missing_embedding = "guess";
  CHECK_THROWS_AS(make_reward_pipeline(config), ConfigError);
  config.missing_embedding = "resample";
  config.max_redraws = 0;
  CHECK_THROWS_WITH(make_reward_pipeline(config),
                    Contains("reward.max_redraws: expected 1 to 64, found 0"));
  config.max_redraws = 9;
  CHECK_NOTHROW(make_reward_pipeline(config));
  config.missing_embedding = "zero";
  CHECK_THROWS_WITH(make_reward_pipeline(config),
                    Contains("reward.max_redraws: expected with "
                             "missing_embedding: resample only, found with "
                             "missing_embedding: zero"));
  config = RewardConfig();
  config.control = "random";
  CHECK_THROWS_AS(make_reward_pipeline(config), ConfigError);
  config = RewardConfig();
  config.terms[0].weight = std::nan("");
  CHECK_THROWS_AS(make_reward_pipeline(config), ConfigError);
  config = RewardConfig();
  config.terms[1].strict = true;
  CHECK_THROWS_AS(make_reward_pipeline(config), ConfigError);
}

TEST_CASE("the hashes follow every input that a reward can depend on") {
  const RewardTable table = score(plane_cohort());
  CHECK(table.policy_hash == make_reward_pipeline({}).policy_hash());
  const std::string digest = input_digest(plane_cohort());
  CHECK(table.input_digest.empty());
  CHECK(digest.size() == 32);
  CHECK(digest == input_digest(plane_cohort()));
  RewardConfig config;
  config.terms[0].strict = true;
  CHECK(policy_hash(config) != table.policy_hash);
  config = RewardConfig();
  config.terms[1].weight = 2.0;
  CHECK(policy_hash(config) != table.policy_hash);
  Cohort cohort = plane_cohort();
  cohort.target.gen_embeddings[7] = 0.5f;
  CHECK(input_digest(cohort) != digest);
  cohort = plane_cohort();
  std::swap(cohort.query.completions[0], cohort.target.completions[0]);
  cohort.query.completions[1] += "x";
  CHECK(input_digest(cohort) != digest);
  CHECK(score(plane_cohort()) == table);
}

TEST_CASE("a policy says how long its terms may take over a cohort") {
  CHECK(make_reward_pipeline({}).longest_seconds() == 0.0);
  RewardConfig config = config_of({"external", "format"});
  config.terms[0].extension.endpoint = "ipc:///tmp/ume-nobody-is-here";
  config.terms[0].extension.timeout_ms = 2000;
  config.terms[0].extension.retries = 1;
  CHECK(make_reward_pipeline(config).longest_seconds() == Approx(6.0));
}
