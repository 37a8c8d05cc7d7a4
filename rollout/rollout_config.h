#pragma once

#include <cstdint>
#include <string>

#include "common/config/checks.h"
#include "common/types/sampling.h"

namespace ume {

// How trajectories are drawn in training. A checkpoint's generation_config
// never drives this.
struct RolloutSamplingConfig {
  double temperature = 1.0;
  int64_t top_k = 0;
  double top_p = 1.0;
  int64_t max_new_tokens = 2048;

  SamplingParams params() const {
    SamplingParams p;
    p.temperature = temperature;
    p.top_k = static_cast<int32_t>(top_k);
    p.top_p = top_p;
    p.max_new_tokens = static_cast<int32_t>(max_new_tokens);
    return p;
  }
};

template <class V>
void visit_fields(V& v, RolloutSamplingConfig& c) {
  v("temperature", c.temperature, "softmax temperature; must be above 0");
  v("top_k", c.top_k,
    "keep the k most likely tokens; 0 = all (the published recipe has 50)");
  v("top_p", c.top_p, "keep the most likely tokens up to this mass; 1 = all");
  v("max_new_tokens", c.max_new_tokens,
    "longest completion in tokens; longer ones are cut and lose their format "
    "reward");
}

struct RolloutConfig {
  int64_t workers = 2;
  RolloutSamplingConfig sampling;

  void validate() const;
};

template <class V>
void visit_fields(V& v, RolloutConfig& c) {
  v("workers", c.workers, "rollout worker processes on this host");
  v("sampling", c.sampling, "how trajectories are drawn");
}

inline void RolloutConfig::validate() const {
  const ConfigChecks check("rollout");
  check.within("workers", workers, 1, 4096);
  check.that(sampling.temperature > 0 && sampling.temperature <= 1e6,
             "sampling.temperature", sampling.temperature,
             "a number in (0, 1e+06]");
  check.within("sampling.top_k", sampling.top_k, 0, INT32_MAX);
  check.that(sampling.top_p > 0 && sampling.top_p <= 1, "sampling.top_p",
             sampling.top_p, "a number in (0, 1]");
  check.within("sampling.max_new_tokens", sampling.max_new_tokens, 1, 131072);
}

}  // namespace ume
