#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "coordinator/ledger/ledger_rows.h"
#include "coordinator/plan/run_plan.h"

namespace ume {

// What the plan of an update needs to know of one group.
struct PlanGroup {
  GroupRow row;
  std::vector<int32_t> kept;    // samples that have a reward, ascending
  std::vector<double> rewards;  // [kept.size()]
};

// How an update's groups are dealt to the learner's ranks.
struct BatchPlan {
  std::string id;
  std::string hash;
  int64_t num_trajectories[2] = {0, 0};     // by Side
  int64_t num_tokens[2] = {0, 0};           // completion tokens, by Side
  int64_t dropped_groups = 0;               // fewer than two rewards
  std::vector<std::vector<size_t>> slices;  // [ranks]: indices, ascending
};

// Deals whole groups so that ranks have about equally many tokens: largest
// first to the least loaded rank. A pure function: the same groups and world
// size give the same plan. A rank's slice may be empty. Groups with fewer than
// two rewards have no advantages and are left out.
BatchPlan plan_batch(const std::string& id,
                     const std::vector<PlanGroup>& groups,
                     int32_t world_size);

// The finished groups of an update with their rewards, in the order of `rows`.
// Invalid cells' trajectories are left out.
std::vector<PlanGroup> collect_plan_groups(
    const std::vector<GroupRow>& rows,
    const std::vector<RewardRow>& rewards,
    int64_t group_size);

// Rank `rank`'s slice, trajectories read from the ledger.
BatchSlice make_slice(const Ledger& ledger,
                      const BatchPlan& plan,
                      const std::vector<PlanGroup>& groups,
                      const std::vector<PairRecord>& data,
                      int32_t rank);

// Means over the update of each reward component, overall and by side
// ("reward/NAME", "reward/query/NAME"), of cells with a value only;
// "reward_invalid/NAME", the share of cells without one, where there are any;
// the reward service's own statistics, averaged over the cohorts;
// "completion_tokens", "invalid_share".
std::map<std::string, double> batch_metrics(
    const std::vector<PlanGroup>& groups,
    const std::vector<RewardRow>& rewards);

}  // namespace ume
