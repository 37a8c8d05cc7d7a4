#include "coordinator/cohorts/result_check.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <limits>

#include "common/random/philox.h"
#include "coordinator/plan/batch_plan.h"

namespace ume {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

ResultRules rules() {
  ResultRules rules;
  rules.version = {3, 1};
  rules.weight_hash = "abc";
  rules.sampling.max_new_tokens = 4;
  rules.group_size = 2;
  rules.embedding_dim = 2;
  rules.vocab_size = 10;
  rules.max_prompt_tokens = 100;
  rules.max_completion_bytes = 20;
  return rules;
}

GroupResult sound_result() {
  GroupResult result;
  result.version = {3, 1};
  result.weight_hash = "abc";
  result.prompt_digest = "d";
  result.prompt_tokens = 7;
  result.sampling = rules().sampling;
  for (int32_t g = 0; g < 2; ++g) {
    Trajectory t;
    t.sample = g;
    t.ids = {1, 2};
    t.logprobs = {-0.5f, 0.0f};
    t.completion = "text";
    t.gen_embedding = {0.6f, 0.8f};
    t.embedding_source = EmbeddingSource::kCompletion;
    result.trajectories.push_back(t);
  }
  result.disc_embedding = {1.0f, 0.0f};
  return result;
}

using Change = std::function<void(GroupResult&)>;

// Each is one lie of a sampler.
std::vector<std::pair<std::string, Change>> lies() {
  return {
      {"version", [](GroupResult& r) { r.version.update = 2; }},
      {"version", [](GroupResult& r) { r.version.incarnation = 2; }},
      {"weight_hash", [](GroupResult& r) { r.weight_hash.clear(); }},
      {"sampling", [](GroupResult& r) { r.sampling.temperature = 0.5; }},
      {"sampling", [](GroupResult& r) { r.sampling.temperature = kNan; }},
      {"prompt_digest", [](GroupResult& r) { r.prompt_digest.clear(); }},
      {"prompt_digest",
       [](GroupResult& r) { r.prompt_digest = std::string(1000, 'd'); }},
      {"prompt_tokens", [](GroupResult& r) { r.prompt_tokens = 0; }},
      {"prompt_tokens", [](GroupResult& r) { r.prompt_tokens = -1; }},
      {"prompt_tokens", [](GroupResult& r) { r.prompt_tokens = 101; }},
      {"seconds", [](GroupResult& r) { r.seconds = kNan; }},
      {"seconds", [](GroupResult& r) { r.seconds = -1.0; }},
      {"trajectories", [](GroupResult& r) { r.trajectories.pop_back(); }},
      {"trajectories", [](GroupResult& r) { r.trajectories.clear(); }},
      {"trajectories",
       [](GroupResult& r) { r.trajectories.push_back(r.trajectories[0]); }},
      {"sample", [](GroupResult& r) { r.trajectories[1].sample = 0; }},
      {"sample",
       [](GroupResult& r) { std::swap(r.trajectories[0], r.trajectories[1]); }},
      {"ids",
       [](GroupResult& r) {
         r.trajectories[1].ids.clear();
         r.trajectories[1].logprobs.clear();
       }},
      {"ids",
       [](GroupResult& r) {
         r.trajectories[1].ids.assign(5, 1);
         r.trajectories[1].logprobs.assign(5, -1.0f);
       }},
      {"vocabulary", [](GroupResult& r) { r.trajectories[0].ids[0] = 10; }},
      {"vocabulary", [](GroupResult& r) { r.trajectories[0].ids[0] = -1; }},
      {"logprobs",
       [](GroupResult& r) { r.trajectories[0].logprobs.pop_back(); }},
      {"logprobs",
       [](GroupResult& r) { r.trajectories[0].logprobs[0] = kNan; }},
      {"logprobs",
       [](GroupResult& r) { r.trajectories[0].logprobs[0] = -kInf; }},
      {"logprobs",
       [](GroupResult& r) { r.trajectories[0].logprobs[0] = 0.5f; }},
      {"finish",
       [](GroupResult& r) {
         r.trajectories[0].finish = FinishReason::kLength;
       }},
      {"finish",
       [](GroupResult& r) {
         r.trajectories[0].finish = static_cast<FinishReason>(9);
       }},
      {"completion",
       [](GroupResult& r) {
         r.trajectories[0].completion = std::string(21, 'x');
       }},
      {"embedding_source",
       [](GroupResult& r) {
         r.trajectories[0].embedding_source = static_cast<EmbeddingSource>(7);
       }},
      {"redraws", [](GroupResult& r) { r.trajectories[0].redraws = 1; }},
      {"redraws", [](GroupResult& r) { r.trajectories[0].redraws = -1; }},
      {"gen_embedding",
       [](GroupResult& r) {
         r.trajectories[0].embedding_source = EmbeddingSource::kNone;
       }},
      {"gen_embedding",
       [](GroupResult& r) { r.trajectories[0].gen_embedding.clear(); }},
      {"gen_embedding",
       [](GroupResult& r) {
         r.trajectories[0].gen_embedding = {0, 0};
       }},
      {"gen_embedding",
       [](GroupResult& r) {
         r.trajectories[0].gen_embedding = {3, 4};
       }},
      {"gen_embedding",
       [](GroupResult& r) {
         r.trajectories[0].gen_embedding = {kNan, 1};
       }},
      {"gen_embedding",
       [](GroupResult& r) {
         r.trajectories[0].gen_embedding = {1, 0, 0};
       }},
      {"disc_embedding", [](GroupResult& r) { r.disc_embedding = {1}; }},
      {"disc_embedding",
       [](GroupResult& r) {
         r.disc_embedding = {kInf, 0};
       }},
  };
}

RewardTable sound_table() {
  RewardTable table;
  table.policy_hash = "p";
  table.input_digest = "i";
  RewardColumn column{"format", std::vector<RewardCell>(2),
                      std::vector<RewardCell>(2)};
  table.components = {column};
  column.name = "total";
  table.total = column;
  return table;
}

}  // namespace

TEST_CASE("result check: a sound result passes, with and without embeddings") {
  GroupResult result = sound_result();
  CHECK(find_fault(result, rules()) == std::nullopt);
  result.disc_embedding.clear();
  result.trajectories[0].gen_embedding.clear();
  result.trajectories[0].embedding_source = EmbeddingSource::kNone;
  CHECK(find_fault(result, rules()) == std::nullopt);
}

TEST_CASE("result check: every lie of a sampler is found and its field named") {
  int index = 0;
  for (const auto& [field, change] : lies()) {
    INFO("lie " << index++ << " about " << field);
    GroupResult result = sound_result();
    change(result);
    const auto fault = find_fault(result, rules());
    REQUIRE(fault.has_value());
    CHECK_THAT(*fault, Catch::Contains(field));
  }
}

TEST_CASE(
    "result check: with resample, what has no embedding of its own was drawn "
    "as often as allowed") {
  ResultRules with_redraws = rules();
  with_redraws.sampling.max_redraws = 2;
  GroupResult result = sound_result();
  result.sampling.max_redraws = 2;
  Trajectory& t = result.trajectories[0];
  t.redraws = 1;
  CHECK(find_fault(result, with_redraws) == std::nullopt);
  t.embedding_source = EmbeddingSource::kPrompt;
  CHECK_THAT(find_fault(result, with_redraws).value_or(""),
             Catch::Contains("trajectories[0].redraws: expected 2 without"));
  t.redraws = 2;
  CHECK(find_fault(result, with_redraws) == std::nullopt);
  t.redraws = 3;
  CHECK_THAT(find_fault(result, with_redraws).value_or(""),
             Catch::Contains("trajectories[0].redraws: expected 0 to 2"));
}

TEST_CASE("result check: where no dimension is fixed, one group has one") {
  ResultRules free = rules();
  free.embedding_dim = 0;
  GroupResult result = sound_result();
  CHECK(find_fault(result, free) == std::nullopt);
  result.trajectories[1].gen_embedding = {1, 0, 0};
  CHECK(find_fault(result, free).has_value());
}

TEST_CASE("result check: another attempt must have prepared the same prompt") {
  ResultRules again = rules();
  again.prompt_digest = "other";
  const auto fault = find_fault(sound_result(), again);
  REQUIRE(fault.has_value());
  CHECK_THAT(*fault, Catch::Contains("other") && Catch::Contains("found d"));
}

TEST_CASE(
    "reward check: tables of another shape or with values that are no "
    "numbers are refused") {
  const auto fault = [](const std::function<void(RewardTable&)>& change) {
    RewardTable table = sound_table();
    change(table);
    return find_fault(table, 2, "p", "i").has_value();
  };
  CHECK_FALSE(fault([](RewardTable&) {}));
  CHECK(fault([](RewardTable& t) { t.policy_hash = "q"; }));
  CHECK(fault([](RewardTable& t) { t.input_digest = "j"; }));
  CHECK(fault([](RewardTable& t) { t.total.query.pop_back(); }));
  CHECK(fault([](RewardTable& t) { t.total.target.emplace_back(); }));
  CHECK(fault([](RewardTable& t) { t.total.query[0].value = kNan; }));
  CHECK(fault([](RewardTable& t) { t.components[0].target[1].value = kInf; }));
  CHECK(fault([](RewardTable& t) { t.components[0].name.clear(); }));
  CHECK(fault([](RewardTable& t) { t.components.push_back(t.components[0]); }));
  CHECK(fault([](RewardTable& t) { t.statistics["spread"] = kNan; }));
  CHECK(fault([](RewardTable& t) { t.statistics[""] = 1.0; }));
  CHECK(fault([](RewardTable& t) {
    for (int i = 0; i < 2000; ++i) t.statistics[std::to_string(i)] = 1.0;
  }));
  CHECK(fault([](RewardTable& t) {
    t.total.query[0].state = static_cast<CellState>(5);
  }));
  CHECK(fault([](RewardTable& t) {
    t.total.query[0].reason = std::string(5000, 'x');
  }));
}

TEST_CASE(
    "reward check: of 10,000 tables with a bad cell none brings a reward that "
    "is no number, or a failed one, into a batch") {
  const double bad[] = {kNan, kInf, -kInf};
  RandomStream random(1, 2, 3);
  int64_t accepted = 0;
  for (int i = 0; i < 10000; ++i) {
    RewardTable table = sound_table();
    RewardColumn& column =
        random.below(2) == 0 ? table.components[0] : table.total;
    RewardCell& cell =
        (random.below(2) == 0 ? column.query : column.target)[random.below(2)];
    cell.state = static_cast<CellState>(random.below(3));
    cell.value = bad[random.below(3)];
    cell.reason = "injected";
    if (find_fault(table, 2, "p", "i") || find_failed_cell(table)) continue;
    ++accepted;
    GroupRow query;
    query.group = {0, Side::kQuery};
    GroupRow target;
    target.group = {0, Side::kTarget};
    query.completion_tokens = target.completion_tokens = {1, 1};
    const RewardRow row{0, 0, 0, {0}, table};
    const auto groups = collect_plan_groups({query, target}, {row}, 2);
    for (const PlanGroup& group : groups) {
      for (const double reward : group.rewards) REQUIRE(reward == 0.0);
    }
    for (const auto& [name, value] : batch_metrics(groups, {row})) {
      INFO(name);
      REQUIRE(std::isfinite(value));
    }
  }
  CHECK(accepted > 1000);  // invalid cells are sound answers
}

TEST_CASE(
    "reward check: a failed total is found; an invalid one, or a term without "
    "a "
    "say, is not a failure") {
  RewardTable table = sound_table();
  table.total.query[0] = {CellState::kInvalid, 0.0, "empty"};
  table.components[0].target[1] = {CellState::kFailed, 0.0, "out of memory"};
  CHECK(find_failed_cell(table) == std::nullopt);
  table.total.target[1] = {CellState::kFailed, 0.0, "out of memory"};
  CHECK(find_failed_cell(table) == "out of memory");
}

}  // namespace ume
