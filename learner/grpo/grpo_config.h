#pragma once

#include <cstdint>
#include <string>

#include "common/config/checks.h"
#include "learner/optimizer/optimizer_config.h"

namespace ume {

// Group relative policy optimisation on both sides of each pair. How
// completions are drawn is the rollout's configuration.
struct GrpoConfig {
  std::string data;  // pairs (docs/formats/data.md), read in file order
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
  v("data", c.data,
    "pairs: .json, .jsonl, or a .yaml list of them (docs/formats/data.md), in "
    "file order");
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
  v("freeze_vision", c.freeze_vision,
    "do not train the vision tower and its merger");
  v("micro_batch_tokens", c.micro_batch_tokens,
    "packed tokens of one forward and backward pass");
  v("optimizer", c.optimizer, "AdamW and its schedule");
}

inline void GrpoConfig::validate() const {
  const ConfigChecks check("grpo");
  check.that(group_size >= 2, "group_size", group_size,
             "2 or more, as a group of one has no baseline");
  check.within("group_size", group_size, 2, 4096);  // as messages have it
  check.that(pairs_per_cohort >= 2, "pairs_per_cohort", pairs_per_cohort,
             "2 or more, as the other pairs are the negatives");
  // Together they count the pairs of a run, which fit an int64_t.
  check.within("updates", updates, 1, 1'000'000'000);
  check.within("pairs_per_cohort", pairs_per_cohort, 2, 65536);
  check.within("cohorts_per_update", cohorts_per_update, 1, 65536);
  check.at_least("beta", beta, 0);
  check.within("eps_low", eps_low, 0, 1);
  check.at_least("eps_high", eps_high, 0);
  check.one_of("normaliser", normaliser,
               {"official", "dr_grpo", "sequence_mean", "token_mean"});
  check.one_of("advantage_scale", advantage_scale, {"std", "none"});
  check.at_least("max_completion_tokens", max_completion_tokens, 1);
  check.within("num_iterations", num_iterations, 1, 65536);
  check.one_of("old_logprob", old_logprob, {"recompute", "sampler"});
  check.at_least("micro_batch_tokens", micro_batch_tokens, 1);
  optimizer.validate(check.path("optimizer"));
}

}  // namespace ume
