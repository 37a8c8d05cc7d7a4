#include "learner/optimizer/lr_schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ume {

double learning_rate_at(const OptimizerConfig& config,
                        int64_t step,
                        int64_t total_steps) {
  const int64_t warmup = config.warmup_steps;
  if (step < warmup) {
    return config.learning_rate * static_cast<double>(step) /
           static_cast<double>(warmup);
  }
  const auto span =
      static_cast<double>(std::max<int64_t>(1, total_steps - warmup));
  const double p = std::min(1.0, static_cast<double>(step - warmup) / span);
  double shape = 1.0;
  if (config.schedule == "linear") shape = 1.0 - p;
  if (config.schedule == "cosine") {
    shape = 0.5 * (1.0 + std::cos(std::numbers::pi * p));
  }
  return config.learning_rate *
         (config.min_ratio + (1.0 - config.min_ratio) * shape);
}

}  // namespace ume
