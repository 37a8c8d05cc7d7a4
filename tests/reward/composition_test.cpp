#include "reward/compose/composition.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "common/config/config.h"
#include "common/error/error.h"
#include "reward/compose/weight_schedule.h"
#include "reward/policy_hash.h"
#include "reward/reward_pipeline.h"
#include "tests/reward/parity_files.h"
#include "tests/reward/reward_fixtures.h"

using namespace ume;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

RewardTable score(const Cohort& cohort, const RewardConfig& config) {
  return make_reward_pipeline(config).score(cohort);
}

// A run's file with only the part that is tested.
struct RewardFile {
  RewardConfig reward;
  void validate() const { reward.validate(); }
};

template <class Visitor>
void visit_fields(Visitor& v, RewardFile& c) {
  v("reward", c.reward, "");
}

RewardConfig read(const std::string& terms) {
  return parse_config<RewardFile>("reward:\n  terms:\n" + terms, "p.yaml")
      .reward;
}

ScheduleConfig schedule(const char* shape, int64_t begin, int64_t end) {
  ScheduleConfig s;
  s.shape = shape;
  s.from = 1.0;
  s.to = 3.0;
  s.begin = begin;
  s.end = end;
  return s;
}

RewardTermConfig product(std::vector<std::string> names) {
  RewardTermConfig term = term_of("product");
  term.label = "both";
  for (const std::string& name : names) {
    term.factors.emplace_back();
    term.factors.back().name = name;
  }
  return term;
}

}  // namespace

TEST_CASE("a policy is read from YAML: products, clips, schedules, sources") {
  const RewardConfig config = read(R"(
    - {name: format, strict: true, weight: 0.5}
    - name: product
      label: gated
      factors: [{name: format}, {name: threshold, threshold: 0.25}]
      clip: [0, 0.5]
      schedule: {shape: linear, from: 0, to: 1, begin: 10, end: 20}
  sources:
    - {source: flags, weights: {gated: 2, format: 0}}
  negatives: {same_source: true}
  normalise: component
)");
  CHECK(config.terms[1].column() == "gated");
  CHECK(config.terms[1].factors[1].threshold == 0.25);
  CHECK(config.sources[0].weights.at("gated") == "2");
  CHECK(config.negatives.same_source);
  // The resolved file reads back to the same policy.
  const RewardFile file{config};
  const std::string text = dump_config(file);
  CHECK(policy_hash(parse_config<RewardFile>(text, "d.yaml").reward) ==
        policy_hash(config));
}

TEST_CASE(
    "what a policy cannot mean is refused with file, line and neighbour") {
  const auto refused = [](const std::string& terms, const char* start,
                          const char* part) {
    INFO(terms);
    CHECK_THROWS_WITH(read(terms), StartsWith(start) && Contains(part));
  };
  refused("    - {name: format}\n    - {name: rankin_margin}\n",
          "p.yaml:4: reward.terms[1].name: ", "did you mean 'ranking_margin'?");
  refused("    - {name: format, stict: true}\n",
          "p.yaml:3: ", "did you mean 'strict'?");
  refused("    - {name: margin, strict: true}\n",
          "p.yaml:3: ", "strict: expected with format only, found with margin");
  refused("    - {name: length, max_tokens: 9, ngram: 2}\n", "p.yaml:3: ",
          "ngram: expected with repetition only, found with length");
  refused("    - {name: length}\n", "p.yaml:3: reward.terms[0].max_tokens",
          "1 or more");
  refused("    - {name: threshold, threshold: 2}\n", "p.yaml:3: ", "-1 to 1");
  refused("    - {name: repetition, ngram: 0}\n", "p.yaml:3: ", "1 to 64");
  refused("    - {name: margin, clip: [1, 0]}\n",
          "p.yaml:3: ", "expected [lowest, highest], found [1, 0]");
  refused("    - {name: margin, factors: [{name: format}]}\n", "p.yaml:3: ",
          "factors: expected with product only, found with margin");
  refused("    - {name: product, label: x, factors: [{name: format}]}\n",
          "p.yaml:3: ", "expected two terms or more to multiply, found 1");
  refused("    - {name: product, factors: [{name: format}, {name: margin}]}\n",
          "p.yaml:3: reward.terms[0].label",
          "expected a name for the product's column, found nothing");
  refused("    - {name: format}\n    - {name: format, strict: true}\n",
          "p.yaml:4: ", "label: expected a label that no term before it has");
  refused("    - {name: format, label: total}\n",
          "p.yaml:3: ", "of a sum, found 'total'");
  refused("    - {name: format, schedule: {shape: lineer}}\n",
          "p.yaml:3: ", "did you mean 'linear'?");
  refused("    - {name: format, schedule: {shape: linear}}\n",
          "p.yaml:3: ", "expected more than begin, found 0");
  refused(
      "    - {name: format}\n  sources:\n"
      "    - {source: a, weights: {fromat: 1}}\n",
      "p.yaml:5: reward.sources[0].weights.fromat: ", "did you mean 'format'?");
  refused(
      "    - {name: format}\n  sources:\n"
      "    - {source: a, weights: {format: much}}\n",
      "p.yaml:5: ", "expected a number, found 'much'");
  refused("    - {name: format}\n  normalise: gdpo\n",
          "p.yaml:4: ", "expected none or component");
  CHECK_THROWS_WITH(
      parse_config<RewardFile>("", "p.yaml", {"reward.terms[0].name=formt"}),
      StartsWith("override 'reward.terms[0].name=formt': "));
}

TEST_CASE("a product multiplies its factors and is as bad as the worst") {
  Cohort cohort = plane_cohort();
  cohort.query.completions[0] = "no tags";
  cohort.query.gen_embeddings[4] = std::nanf("");
  RewardConfig config;
  config.terms = {product({"format", "margin"})};
  const RewardTable table = score(cohort, config);
  CHECK(table.components[0].name == "both");
  CHECK(table.total.query[0].value == 0.0);
  CHECK(table.total.query[1].value == 1.0);
  CHECK(table.total.query[2].state == CellState::kInvalid);
  CHECK_THAT(table.total.query[2].reason, Contains("not finite"));
}

TEST_CASE("the product of ranking and margin is the published term") {
  const auto c = read_fixture("parity/reward/reward_cases.json")[2];
  RewardConfig config = config_of({"ranking_margin"});
  config.terms.push_back(product({"ranking", "margin"}));
  const RewardTable table = score(parity_cohort(c), config);
  CHECK(table.components[0].query == table.components[1].query);
  CHECK(table.components[0].target == table.components[1].target);
}

TEST_CASE("values are clipped before they are weighted and recorded") {
  RewardConfig config = config_of({"format", "margin"});
  config.terms[0].clip = {0.0, 0.25};
  config.terms[0].weight = 2.0;
  config.terms[1].clip = {-1.0, 0.5};
  const RewardTable table = score(plane_cohort(), config);
  CHECK(table.components[0].query[0].value == 0.25);
  CHECK(table.components[1].target[3].value == 0.5);
  CHECK(table.total.query[0].value == 1.0);
}

TEST_CASE("schedules go from one factor to the other between two updates") {
  const auto at = [](const ScheduleConfig& s, uint64_t update) {
    return schedule_factor(s, update);
  };
  CHECK(at(ScheduleConfig(), 7) == 1.0);
  CHECK(at(schedule("step", 5, 0), 4) == 1.0);
  CHECK(at(schedule("step", 5, 0), 5) == 3.0);
  CHECK(at(schedule("linear", 10, 20), 3) == 1.0);
  CHECK(at(schedule("linear", 10, 20), 15) == 2.0);
  CHECK(at(schedule("linear", 10, 20), 20) == 3.0);
  CHECK(at(schedule("linear", 10, 20), UINT64_MAX) == 3.0);
  CHECK(at(schedule("cosine", 10, 20), 15) == Approx(2.0));
  // 1 + 2 * (1 - cos(pi / 4)) / 2
  CHECK(at(schedule("cosine", 0, 4), 1) == Approx(2.0 - std::sqrt(0.5)));
}

TEST_CASE("the update of the cohort chooses the weight") {
  RewardConfig config = config_of({"format"});
  config.terms[0].weight = 10.0;
  config.terms[0].schedule = schedule("linear", 0, 10);
  Cohort cohort = plane_cohort();
  cohort.update = 5;
  CHECK(score(cohort, config).total.query[0].value == 20.0);
  config.terms[0].schedule = schedule("step", 1, 0);
  config.terms[0].schedule.from = 0.0;
  cohort.update = 0;
  cohort.query.gen_embeddings[0] = std::nanf("");
  config.terms.push_back(term_of("margin"));
  config.terms[1].schedule = config.terms[0].schedule;
  // A weight of 0 leaves the term's state out as well.
  CHECK(score(cohort, config).total.query[0] == RewardCell{});
  cohort.update = 1;
  CHECK(score(cohort, config).total.query[0].state == CellState::kInvalid);
}

TEST_CASE("a source's pairs have weights of their own") {
  RewardConfig config = config_of({"format", "ranking"});
  config.sources = {{"flags", {{"format", "0.25"}, {"ranking", "0"}}}};
  Cohort cohort = plane_cohort();
  cohort.sources = {"flags", "animals"};
  const RewardTable table = score(cohort, config);
  CHECK(table.total.query[0].value == 0.25);
  CHECK(table.total.target[1].value == 0.25);
  CHECK(table.total.query[2].value == 2.0);
}

TEST_CASE(
    "a component that is equal in its group adds nothing, whatever its "
    "size") {
  RewardConfig config = config_of({"format", "length"});
  config.terms[0].weight = 1e6;
  config.terms[1].max_tokens = 4;
  config.terms[1].buffer_tokens = 4;
  config.normalise = "component";
  Cohort cohort = plane_cohort();
  cohort.query.completion_tokens = {1, 3, 2, 2};
  cohort.target.completion_tokens = {4, 0, 1, 1};
  const RewardTable table = score(cohort, config);
  CHECK(table.total.query[2].value == 0.0);
  CHECK(table.total.query[3].value == 0.0);
  // z = +-a, 0, 0 with deviation a * sqrt(2 / 3): the halves of sqrt(6).
  CHECK(table.total.query[0].value == Approx(std::sqrt(1.5)).epsilon(1e-3));
  CHECK(table.total.query[1].value == -table.total.query[0].value);
  CHECK(table.components[2].name == "raw_total");
  CHECK(table.components[2].query[0].value == 1e6 - 0.25);
}

TEST_CASE("normalisation leaves trajectories without a value out") {
  RewardConfig config = config_of({"margin"});
  config.normalise = "component";
  const auto c = read_fixture("parity/reward/reward_cases.json")[2];
  Cohort cohort = parity_cohort(c);
  cohort.query.gen_embeddings[0] = std::nanf("");
  const RewardTable table = score(cohort, config);
  CHECK(table.total.query[0].state == CellState::kInvalid);
  double sum = 0.0;
  for (int64_t row = 1; row < cohort.group_size; ++row) {
    sum += table.total.query[row].value;
  }
  CHECK(sum == Approx(0.0).margin(1e-9));
}

TEST_CASE("the policy hash follows everything that changes a number") {
  const std::string plain = policy_hash(RewardConfig());
  std::vector<RewardConfig> others(9);
  others[0].terms[0].label = "x";
  others[1].terms[0].clip = {0.0, 1.0};
  others[2].terms[0].schedule.end = 3;
  others[3].terms[0].factors.emplace_back();
  others[4].negatives.same_source = true;
  others[5].negatives.exclude_duplicates = true;
  others[6].normalise = "component";
  others[7].sources = {{"a", {{"format", "1"}}}};
  others[8].terms[0].ngram = 4;
  for (const RewardConfig& config : others) {
    CHECK(policy_hash(config) != plain);
  }
}
