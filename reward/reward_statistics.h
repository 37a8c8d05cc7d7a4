#pragma once

#include <map>
#include <string>
#include <vector>

#include "reward/cohort/cohort_view.h"
#include "reward/compose/composition.h"

namespace ume {

// What a cohort's rewards say about the training signal, by metric name. NAME
// is a component or "total"; a metric without a side is the mean of both.
//   reward_group_std/[SIDE/]NAME: mean over groups of the unbiased deviation
//     of the values in the group; what does not vary inside a group teaches
//     nothing. Groups with fewer than two values are left out.
//   reward_advantage_share/[SIDE/]NAME: the term's share of the variance of
//     the advantages, cov(part, total) / var(total) inside the groups, each
//     group scaled as GRPO does; the shares of a side add up to 1. Only terms
//     that have a weight. Left out where no group varies.
//   reward_ranking_at_1/[SIDE]: share of the compared trajectories whose
//     ranking is 1.
//   reward_equal_targets: pairs whose target another pair has too.
std::map<std::string, double> reward_statistics(
    const CohortView& view,
    const std::vector<RewardColumn>& components,
    const ComposedReward& composed);

}  // namespace ume
