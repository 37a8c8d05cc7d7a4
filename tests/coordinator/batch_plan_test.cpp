#include "coordinator/plan/batch_plan.h"

#include <catch2/catch.hpp>
#include <numeric>

#include "coordinator/ledger/memory_ledger.h"

namespace ume {
namespace {

// A group of two trajectories; its work is `tokens` in all.
PlanGroup group_of(uint64_t index, int64_t tokens, Side side = Side::kQuery) {
  PlanGroup group;
  group.row.group = {index, side};
  group.row.prompt_tokens = tokens - 2;
  group.row.completion_tokens = {1, 1};
  group.row.result_digest = "digest";
  group.kept = {0, 1};
  group.rewards = {0.0, 1.0};
  return group;
}

std::vector<PlanGroup> groups_of(const std::vector<int64_t>& tokens) {
  std::vector<PlanGroup> groups;
  for (size_t i = 0; i < tokens.size(); ++i) {
    groups.push_back(group_of(i, tokens[i]));
  }
  return groups;
}

RewardCell value(double v) {
  return {CellState::kValue, v, ""};
}
RewardCell invalid() {
  return {CellState::kInvalid, 0.0, "no answer"};
}

}  // namespace

TEST_CASE("batch plan: the largest group goes to the least loaded rank") {
  // 10 -> rank 0; 7 -> 1; 6 -> 1 (7 < 10); 5 -> 0 (10 < 13): 15 and 13.
  const BatchPlan plan = plan_batch("p", groups_of({5, 10, 7, 6}), 2);
  CHECK(plan.slices == std::vector<std::vector<size_t>>{{0, 1}, {2, 3}});
}

TEST_CASE("batch plan: equal groups are dealt in their order") {
  const BatchPlan plan = plan_batch("p", groups_of({4, 4, 4}), 2);
  CHECK(plan.slices == std::vector<std::vector<size_t>>{{0, 2}, {1}});
}

TEST_CASE("batch plan: more ranks than groups leave slices empty") {
  const BatchPlan plan = plan_batch("p", groups_of({4, 5}), 3);
  CHECK(plan.slices == std::vector<std::vector<size_t>>{{1}, {0}, {}});
}

TEST_CASE("batch plan: counts are over all ranks and by side") {
  std::vector<PlanGroup> groups = groups_of({5, 6});
  groups.push_back(group_of(2, 9, Side::kTarget));
  groups[2].row.completion_tokens = {3, 4};
  for (int32_t ranks : {1, 2, 5}) {
    const BatchPlan plan = plan_batch("p", groups, ranks);
    CHECK(plan.num_trajectories[0] == 4);
    CHECK(plan.num_trajectories[1] == 2);
    CHECK(plan.num_tokens[0] == 4);
    CHECK(plan.num_tokens[1] == 7);
  }
}

TEST_CASE("batch plan: groups with fewer than two rewards are left out") {
  std::vector<PlanGroup> groups = groups_of({5, 6, 7});
  groups[1].kept = {1};
  groups[1].rewards = {0.5};
  groups[2].kept.clear();
  groups[2].rewards.clear();
  const BatchPlan plan = plan_batch("p", groups, 1);
  CHECK(plan.slices == std::vector<std::vector<size_t>>{{0}});
  CHECK(plan.dropped_groups == 2);
}

TEST_CASE("batch plan: no usable group leaves every slice empty") {
  const BatchPlan plan = plan_batch("p", {}, 2);
  CHECK(plan.slices.size() == 2);
  CHECK(plan.num_trajectories[0] + plan.num_trajectories[1] == 0);
}

TEST_CASE("batch plan: its hash follows everything that is trained on") {
  const auto hash = [](const std::vector<PlanGroup>& groups, int32_t ranks) {
    return plan_batch("p", groups, ranks).hash;
  };
  const auto groups = groups_of({5, 6, 7});
  CHECK(hash(groups, 2) == hash(groups, 2));
  CHECK(hash(groups, 2) != hash(groups, 3));
  auto changed = groups;
  changed[0].rewards[1] = 0.999;
  CHECK(hash(changed, 2) != hash(groups, 2));
  changed = groups;
  changed[2].row.result_digest = "another";
  CHECK(hash(changed, 2) != hash(groups, 2));
}

TEST_CASE("batch plan: trajectories without a reward leave their group") {
  GroupRow query;
  query.group = {4, Side::kQuery};
  GroupRow target;
  target.group = {4, Side::kTarget};
  GroupRow set_aside;
  set_aside.group = {5, Side::kQuery};
  RewardRow reward;
  reward.dispatch_index = {3, 4};  // pair 4 is the table's second
  reward.table.total.query = {value(0.1), value(0.2), invalid(), value(0.4)};
  reward.table.total.target = {value(0.5), value(0.6), value(0.7), value(0.8)};
  const auto groups =
      collect_plan_groups({query, target, set_aside}, {reward}, 2);
  REQUIRE(groups.size() == 2);
  CHECK(groups[0].kept == std::vector<int32_t>{1});
  CHECK(groups[0].rewards == std::vector<double>{0.4});
  CHECK(groups[1].kept == std::vector<int32_t>{0, 1});
  CHECK(groups[1].rewards == std::vector<double>{0.7, 0.8});
}

TEST_CASE("batch plan: means are over values only, overall and by side") {
  RewardRow reward;
  reward.table.total.query = {value(1.0), invalid()};
  reward.table.total.target = {value(0.0), value(0.5)};
  const auto metrics = batch_metrics({}, {reward});
  CHECK(metrics.at("reward/total") == Approx(0.5));  // (1 + 0 + 0.5) / 3
  CHECK(metrics.at("reward/query/total") == Approx(1.0));
  CHECK(metrics.at("reward/target/total") == Approx(0.25));
  CHECK(metrics.at("reward_invalid/total") == Approx(0.25));
}

TEST_CASE("batch plan: the service's statistics are averaged over cohorts") {
  RewardRow first;
  first.table.statistics = {{"reward_group_std/format", 0.5}, {"one", 1.0}};
  RewardRow second;
  second.table.statistics = {{"reward_group_std/format", 1.0}};
  const auto metrics = batch_metrics({}, {first, second});
  CHECK(metrics.at("reward_group_std/format") == 0.75);
  CHECK(metrics.at("one") == 1.0);
  CHECK(metrics.count("reward_invalid/total") == 0);
}

}  // namespace ume
