#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/types/cohort.h"
#include "reward/reward_config.h"

namespace ume {

inline RewardTermConfig term_of(const std::string& name, double weight = 1.0) {
  RewardTermConfig term;
  term.name = name;
  term.weight = weight;
  return term;
}

inline RewardConfig config_of(const std::vector<std::string>& names) {
  RewardConfig config;
  config.terms.clear();
  for (const std::string& name : names) config.terms.push_back(term_of(name));
  return config;
}

// Two pairs of two trajectories in the plane, all in the format. Pair 0 points
// along x, pair 1 along y, on both sides.
inline Cohort plane_cohort() {
  Cohort cohort;
  cohort.id = 7;
  cohort.num_pairs = 2;
  cohort.group_size = 2;
  cohort.dim = 2;
  CohortSide side;
  side.completions.assign(4, "<think>a</think><answer>b<gen_emb>");
  side.gen_embeddings = {1, 0, 1, 0, 0, 1, 0, 1};
  side.has_embedding.assign(4, 1);
  cohort.query = side;
  cohort.target = side;
  return cohort;
}

}  // namespace ume
