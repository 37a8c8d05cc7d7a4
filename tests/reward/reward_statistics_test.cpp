#include "reward/reward_statistics.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "reward/reward_pipeline.h"
#include "tests/reward/parity_files.h"
#include "tests/reward/reward_fixtures.h"

using namespace ume;

namespace {

std::map<std::string, double> statistics(const Cohort& cohort,
                                         const RewardConfig& config) {
  return make_reward_pipeline(config).score(cohort).statistics;
}

}  // namespace

TEST_CASE("the spread inside the groups is reported for every component") {
  Cohort cohort = plane_cohort();
  cohort.query.completions[0] = "no tags";
  const auto s = statistics(cohort, config_of({"format", "ranking"}));
  // Deviation of {0, 1} is sqrt(0.5), of {1, 1} 0; two groups a side.
  CHECK(s.at("reward_group_std/query/format") == Approx(std::sqrt(0.5) / 2));
  CHECK(s.at("reward_group_std/target/format") == 0.0);
  CHECK(s.at("reward_group_std/format") == Approx(std::sqrt(0.5) / 4));
  CHECK(s.at("reward_group_std/query/total") == Approx(std::sqrt(0.5) / 2));
  CHECK(s.at("reward_group_std/ranking") == 0.0);
}

TEST_CASE("the shares of the advantage's variance add up to 1") {
  const auto c = read_fixture("parity/reward/reward_cases.json")[2];
  Cohort cohort = parity_cohort(c);
  cohort.query.completions[0] = "no tags";
  RewardConfig config = config_of({"format", "margin", "ranking"});
  config.terms[2].weight = 0.0;
  for (const char* normalise : {"none", "component"}) {
    config.normalise = normalise;
    const auto s = statistics(cohort, config);
    CHECK(s.at("reward_advantage_share/query/format") +
              s.at("reward_advantage_share/query/margin") ==
          Approx(1.0));
    CHECK(s.count("reward_advantage_share/query/ranking") == 0);
  }
}

TEST_CASE("a share is the covariance with the total over its variance") {
  // One group a side varies: format {0, 1}, length {-1, 0}; the total is
  // {-1, 1}, of which each gives half.
  Cohort cohort = plane_cohort();
  cohort.query.completions[0] = "no tags";
  cohort.query.completion_tokens = {9, 1, 1, 1};
  cohort.target.completion_tokens = {1, 1, 1, 1};
  RewardConfig config = config_of({"format", "length"});
  config.terms[1].max_tokens = 4;
  auto s = statistics(cohort, config);
  CHECK(s.at("reward_advantage_share/query/format") == Approx(0.5));
  CHECK(s.count("reward_advantage_share/target/format") == 0);
  config.terms[1].weight = 3.0;  // parts {0, 1} and {-3, 0}: 1 to 3
  s = statistics(cohort, config);
  CHECK(s.at("reward_advantage_share/query/format") == Approx(0.25));
  CHECK(s.at("reward_advantage_share/query/length") == Approx(0.75));
}

TEST_CASE("saturated rankings and equal targets are counted") {
  Cohort cohort = plane_cohort();
  cohort.target_digests = {"t", "t"};
  auto s = statistics(cohort, RewardConfig());
  CHECK(s.at("reward_ranking_at_1") == 1.0);
  CHECK(s.at("reward_equal_targets") == 2.0);
  cohort.query.gen_embeddings = {1, 0, 0, 1, 0, 1, 0, 1};
  cohort.target_digests = {"t", "u"};
  s = statistics(cohort, RewardConfig());
  CHECK(s.at("reward_ranking_at_1/query") == 0.75);
  CHECK(s.at("reward_equal_targets") == 0.0);
  CHECK(
      statistics(cohort, config_of({"format"})).count("reward_ranking_at_1") ==
      0);
}
