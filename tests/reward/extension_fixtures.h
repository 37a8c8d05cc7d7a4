#pragma once

#include <filesystem>
#include <string>

#include "common/types/cohort.h"
#include "reward/reward_pipeline.h"

namespace ume {

// Folder of the programs of this build.
inline std::string test_programs() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
}

inline RewardEnvironment test_environment() {
  RewardEnvironment environment;
  environment.programs = test_programs();
  return environment;
}

// Two pairs, two samples, dimension 2; the last target has no embedding.
inline Cohort plain_cohort() {
  Cohort cohort;
  cohort.id = 7;
  cohort.num_pairs = 2;
  cohort.group_size = 2;
  cohort.dim = 2;
  cohort.dispatch_index = {10, 11};
  cohort.sources = {"flags", "animals"};
  for (CohortSide* side : {&cohort.query, &cohort.target}) {
    side->completions = {"four", "sixsix", "<think>a</think>", "é"};
    side->gen_embeddings = {1, 0, 1, 0, 0, 1, 0, 1};
    side->has_embedding = {1, 1, 1, 1};
    side->completion_tokens = {1, 2, 3, 4};
    side->prompts = {"what is this?", "and this?"};
  }
  cohort.target.has_embedding[3] = 0;
  cohort.target.gen_embeddings[7] = 0;
  return cohort;
}

inline RewardPipeline pipeline_of(const RewardTermConfig& term) {
  RewardConfig config;
  config.terms = {term};
  return make_reward_pipeline(config, test_environment());
}

inline RewardTable score_one(const RewardTermConfig& term,
                             const Cohort& cohort) {
  return pipeline_of(term).score(cohort);
}

}  // namespace ume
