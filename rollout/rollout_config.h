#pragma once

#include <cstdint>
#include <string>

#include "common/error/error.h"
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

  void validate() const {
    if (workers < 1 || workers > 4096) {
      throw ConfigError("rollout.workers: expected 1 to 4096, found " +
                        std::to_string(workers));
    }
    if (!(sampling.temperature > 0.0)) {
      throw ConfigError(
          "rollout.sampling.temperature: expected above 0, found " +
          std::to_string(sampling.temperature));
    }
    if (sampling.top_k < 0 ||
        !(sampling.top_p > 0.0 && sampling.top_p <= 1.0)) {
      throw ConfigError(
          "rollout.sampling: expected top_k >= 0 and top_p in (0, 1]");
    }
    if (sampling.max_new_tokens < 1 || sampling.max_new_tokens > 131072) {
      throw ConfigError(
          "rollout.sampling.max_new_tokens: expected 1 to 131072, found " +
          std::to_string(sampling.max_new_tokens));
    }
  }
};

template <class V>
void visit_fields(V& v, RolloutConfig& c) {
  v("workers", c.workers, "rollout worker processes on this host");
  v("sampling", c.sampling, "how trajectories are drawn");
}

}  // namespace ume
