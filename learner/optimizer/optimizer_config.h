#pragma once

#include <cstdint>
#include <string>

#include "common/config/checks.h"

namespace ume {

// AdamW with decoupled weight decay, gradient clipping and a learning-rate
// schedule. Defaults are the published recipe's, where it names one.
struct OptimizerConfig {
  double learning_rate = 5e-5;  // peak, after warm-up
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  // Decays every tensor except biases and LayerNorm parameters (RMSNorm
  // scales and embeddings do decay, as in the published training).
  double weight_decay = 0.0;
  double clip_norm = 1.0;             // of the global gradient; 0: no clipping
  std::string schedule = "constant";  // constant, linear or cosine
  int64_t warmup_steps = 0;           // linear from 0; step 0 has rate 0
  double min_ratio = 0.0;  // the schedule ends at learning_rate * min_ratio
  // Steps in a row whose loss or gradient is not finite before the run stops.
  int64_t max_skipped_steps = 5;

  // section: where it stands, as "sft.optimizer"; begins the messages.
  void validate(const std::string& section) const;
};

template <class Visitor>
void visit_fields(Visitor& v, OptimizerConfig& c) {
  v("learning_rate", c.learning_rate, "peak learning rate, after warm-up");
  v("beta1", c.beta1, "decay of AdamW's first moment");
  v("beta2", c.beta2, "decay of AdamW's second moment");
  v("epsilon", c.epsilon, "AdamW's denominator floor");
  v("weight_decay", c.weight_decay,
    "decoupled decay; biases and LayerNorm parameters are exempt");
  v("clip_norm", c.clip_norm, "global gradient norm limit; 0: no clipping");
  v("schedule", c.schedule, "constant, linear or cosine");
  v("warmup_steps", c.warmup_steps, "steps of linear warm-up from rate 0");
  v("min_ratio", c.min_ratio, "the schedule ends at this share of the peak");
  v("max_skipped_steps", c.max_skipped_steps,
    "not-finite steps in a row before the run stops with exit code 65");
}

inline void OptimizerConfig::validate(const std::string& section) const {
  const ConfigChecks check(section);
  check.at_least("learning_rate", learning_rate, 0);
  check.that(beta1 >= 0 && beta1 < 1, "beta1", beta1, "a number in [0, 1)");
  check.that(beta2 >= 0 && beta2 < 1, "beta2", beta2, "a number in [0, 1)");
  check.more_than("epsilon", epsilon, 0);
  check.at_least("weight_decay", weight_decay, 0);
  check.at_least("clip_norm", clip_norm, 0);
  check.one_of("schedule", schedule, {"constant", "linear", "cosine"});
  check.at_least("warmup_steps", warmup_steps, 0);
  check.within("min_ratio", min_ratio, 0, 1);
  check.at_least("max_skipped_steps", max_skipped_steps, 1);
}

}  // namespace ume
