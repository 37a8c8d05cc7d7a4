#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "common/collective/collective.h"
#include "learner/optimizer/adamw.h"
#include "learner/optimizer/finite_guard.h"
#include "learner/optimizer/optimizer_config.h"
#include "learner/optimizer/parameters.h"
#include "model/qwen2_vl.h"

namespace ume {

// Names as users of TRL and verl know them.
using StepMetrics = std::map<std::string, double>;

struct FreezeOptions {
  bool vision = false;  // the tower without its merger
  bool merger = false;
};

// What one optimiser step did; the same on all ranks.
struct StepOutcome {
  double gradient_norm = 0.0;  // before clipping
  bool skipped = false;        // loss or gradient not finite
};

// A model in training: weights and gradients in flat buffers, the model that
// reads them, AdamW and the guard against numbers that are not finite. The
// same on every rank; gradients are summed over ranks.
class TrainedModel {
 public:
  // weights: fp32, taken over.
  TrainedModel(const ModelConfig& config,
               NamedTensors weights,
               const FreezeOptions& freeze,
               const OptimizerConfig& optimizer);
  TrainedModel(const TrainedModel&) = delete;
  TrainedModel& operator=(const TrainedModel&) = delete;

  const Qwen2VL& model() const { return model_; }
  Parameters& parameters() { return parameters_; }
  AdamW& optimizer() { return optimizer_; }
  FiniteGuard& guard() { return guard_; }
  // Whether media need gradients at all.
  bool trains_media() const { return !(freeze_.vision && freeze_.merger); }

  // Sums the gradients over the ranks, clips them and steps, or skips the step
  // when loss or gradient is not finite.
  // loss: of all ranks, the same everywhere. Throws as FiniteGuard::admit.
  StepOutcome apply_gradients(int64_t step,
                              double learning_rate,
                              double loss,
                              Collective& collective);

 private:
  FreezeOptions freeze_;
  OptimizerConfig config_;
  Parameters parameters_;
  Qwen2VL model_;
  AdamW optimizer_;
  FiniteGuard guard_;
};

}  // namespace ume
