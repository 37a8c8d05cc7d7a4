#pragma once

#include <cstdint>

#include "learner/optimizer/optimizer_config.h"

namespace ume {

// The learning rate of optimiser step `step` (0-based) of `total_steps`.
//
// Warm-up: rate * step / warmup_steps, so that step 0 moves nothing. Then with
// p = (step - warmup) / (total - warmup) in [0, 1]:
//   linear: 1 - p;  cosine: (1 + cos(pi p)) / 2;  constant: 1,
// mapped from [0, 1] to [min_ratio, 1] and times the peak. Steps beyond the
// last keep the last value.
// Source: the schedules of the transformers library, which the published
// recipe uses, plus the floor.
double learning_rate_at(const OptimizerConfig& config,
                        int64_t step,
                        int64_t total_steps);

}  // namespace ume
