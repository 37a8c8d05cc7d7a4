#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "common/collective/collective.h"
#include "learner/grpo/grpo_batch.h"
#include "learner/grpo/grpo_loss.h"
#include "learner/trained_model.h"

namespace ume {

// Sums over the tokens and groups of one optimiser step, by side; turned into
// named means over all ranks at its end.
class GrpoMetrics {
 public:
  // totals: by Side, over all ranks.
  explicit GrpoMetrics(std::span<const GrpoTotals, 2> totals);

  // Rewards and lengths of this rank's groups.
  void add_group(const TrainGroup& group);
  // A forward pass. logprobs: [num_tokens], detached.
  void add_batch(const GrpoMicroBatch& batch,
                 const GrpoTokenLoss& loss,
                 const torch::Tensor& logprobs);
  // Adds up over the ranks; all call it together. The same on all ranks.
  // Names without a side are the mean of the sides that have trajectories;
  // with one: query/NAME, target/NAME.
  StepMetrics reduce(Collective& collective) const;

 private:
  double* sums_of(Side side) {
    return sums_.data() + static_cast<size_t>(side) * kNumSums;
  }

  enum Sum : size_t {
    kLoss,          // the side's own, before the sides are averaged
    kKl,            // mean over trajectories of their token means
    kClipActive,    // tokens
    kClipOfficial,  // tokens
    kDifference,    // |log-probability here - sampler's|, tokens
    kReward,
    kRewardStd,  // by group
    kZeroStd,    // groups
    kGroups,
    kPackedRows,
    kNumSums,
  };

  std::array<GrpoTotals, 2> totals_;
  std::array<double, 2 * kNumSums> sums_{};  // by Side
};

}  // namespace ume
