#pragma once

#include <cmath>
#include <cstdint>
#include <string>

#include "learner/config_check.h"
#include "learner/optimizer_config.h"

namespace ume {

// Group relative policy optimisation on both sides of each pair. How
// completions are drawn is the rollout's configuration.
struct GrpoConfig {
  std::string data;  // pairs, JSON list or JSONL; read in file order
  int64_t updates = 100;
  int64_t group_size = 8;         // trajectories per side of a pair
  int64_t pairs_per_cohort = 16;  // scored together: in-batch negatives
  int64_t cohorts_per_update = 1;
  double beta = 0.04;    // weight of the KL to the frozen reference; 0: none
  double eps_low = 0.2;  // ratio is clipped to [1 - eps_low, 1 + eps_high]
  double eps_high = 0.28;
  // official and dr_grpo: mean over trajectories of (token sum /
  // max_completion_tokens); sequence_mean: mean of token means; token_mean:
  // sum over the number of tokens.
  std::string normaliser = "official";
  std::string advantage_scale = "std";  // std, or none (mean only)
  // Divisor of `official` and `dr_grpo`; the sampler's limit in the recipe.
  int64_t max_completion_tokens = 2048;
  int64_t num_iterations = 1;  // optimiser steps on the same trajectories
  // Where the ratio's denominator comes from: recompute (this learner's own
  // values before the first step) or sampler (those of the rollout).
  std::string old_logprob = "recompute";
  bool freeze_vision = false;  // tower and merger
  // Packed tokens of one forward and backward; a longer group goes alone.
  int64_t micro_batch_tokens = 16384;
  OptimizerConfig optimizer{.learning_rate = 1e-6, .schedule = "linear"};

  void validate() const;
};

template <class Visitor>
void visit_fields(Visitor& v, GrpoConfig& c) {
  v("data", c.data, "pairs, JSON list or JSONL, in file order");
  v("updates", c.updates, "policy updates");
  v("group_size", c.group_size, "trajectories per side of a pair");
  v("pairs_per_cohort", c.pairs_per_cohort,
    "pairs scored together: each other's negatives");
  v("cohorts_per_update", c.cohorts_per_update, "cohorts of one update");
  v("beta", c.beta, "weight of the KL to the frozen reference; 0: none");
  v("eps_low", c.eps_low, "lower clip of the probability ratio: 1 - eps_low");
  v("eps_high", c.eps_high, "upper clip of the ratio: 1 + eps_high");
  v("normaliser", c.normaliser,
    "official, dr_grpo, sequence_mean or token_mean");
  v("advantage_scale", c.advantage_scale,
    "std: divide by the group's deviation; none: subtract its mean only");
  v("max_completion_tokens", c.max_completion_tokens,
    "divisor of the official and dr_grpo normalisers");
  v("num_iterations", c.num_iterations,
    "optimiser steps on the same trajectories");
  v("old_logprob", c.old_logprob,
    "recompute: the learner's own; sampler: the rollout's");
  v("freeze_vision", c.freeze_vision, "keep the vision tower and its merger");
  v("micro_batch_tokens", c.micro_batch_tokens,
    "packed tokens of one forward and backward pass");
  v("optimizer", c.optimizer, "AdamW and its schedule");
}

inline void GrpoConfig::validate() const {
  const std::pair<const char*, int64_t> counts[] = {
      {"grpo.updates", updates},
      {"grpo.cohorts_per_update", cohorts_per_update},
      {"grpo.max_completion_tokens", max_completion_tokens},
      {"grpo.num_iterations", num_iterations},
      {"grpo.micro_batch_tokens", micro_batch_tokens}};
  for (const auto& [field, count] : counts) {
    check_field(count >= 1, field, count, "an integer >= 1");
  }
  check_field(pairs_per_cohort >= 2, "grpo.pairs_per_cohort", pairs_per_cohort,
              "an integer >= 2: the other pairs are the negatives");
  check_field(group_size >= 2, "grpo.group_size", group_size,
              "an integer >= 2: a group of one has no baseline");
  check_field(beta >= 0 && std::isfinite(beta), "grpo.beta", beta,
              "a number >= 0");
  check_field(eps_low >= 0 && eps_low <= 1, "grpo.eps_low", eps_low,
              "a number in [0, 1]");
  check_field(eps_high >= 0 && std::isfinite(eps_high), "grpo.eps_high",
              eps_high, "a number >= 0");
  check_choice("grpo.normaliser", normaliser,
               {"official", "dr_grpo", "sequence_mean", "token_mean"});
  check_choice("grpo.advantage_scale", advantage_scale, {"std", "none"});
  check_choice("grpo.old_logprob", old_logprob, {"recompute", "sampler"});
  optimizer.validate();
}

}  // namespace ume
