#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/collective/collective.h"
#include "common/types/batch_slice.h"
#include "learner/grpo/grpo_batch.h"
#include "learner/grpo/grpo_config.h"
#include "learner/grpo/grpo_metrics.h"
#include "learner/trained_model.h"

namespace ume {

// Policy updates from scored trajectories. One object a rank and phase.
class GrpoTrainer {
 public:
  // policy, reference, collective: borrowed. reference: the frozen model of the
  // KL term; may be nullptr when config.beta is 0.
  GrpoTrainer(TrainedModel& policy,
              const Qwen2VL* reference,
              const GrpoConfig& config,
              Collective& collective);

  // One policy update (config.num_iterations optimiser steps) from this rank's
  // slice; all ranks call it together.
  // prompts: [slice.groups.size()], prepared by the caller, in that order.
  // update: 0-based, of the phase; it sets the learning rate.
  // Returns, the same on all ranks, one map per iteration: those of
  // GrpoMetrics::reduce, grad_norm, learning_rate, skipped (0 or 1).
  // Throws InvalidInput naming the group when a group or prompt is not as it
  // should be, or as FiniteGuard::admit.
  std::vector<StepMetrics> update(const BatchSlice& slice,
                                  std::span<const PreparedPrompt> prompts,
                                  int64_t update);

 private:
  std::vector<GrpoMicroBatch> build(
      std::span<const PreparedGroup> groups,
      std::span<const GrpoTotals, 2> totals) const;
  void accumulate(GrpoMicroBatch& batch, GrpoMetrics& metrics);
  torch::Tensor logprobs(const Qwen2VL& model,
                         const GrpoMicroBatch& batch,
                         bool train_media) const;
  StepMetrics iterate(std::vector<GrpoMicroBatch>& batches,
                      GrpoMetrics metrics,
                      int64_t step);

  TrainedModel& policy_;
  const Qwen2VL* reference_;
  GrpoConfig config_;
  Collective& collective_;
};

}  // namespace ume
