#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/types/batch_slice.h"
#include "common/types/prepared_prompt.h"
#include "kernels/torch.h"
#include "learner/grpo/grpo_config.h"
#include "learner/grpo/grpo_loss.h"
#include "model/attention/packed_batch.h"

namespace ume {

// A group of the slice with its prompt, prepared by the shell. Borrowed.
struct PreparedGroup {
  const TrainGroup* group = nullptr;
  const PreparedPrompt* prompt = nullptr;
};

// Throws InvalidInput, naming the group and the field, when a group and its
// prompt do not belong together (digest) or the group's numbers do not agree
// (counts, lengths, values that are not finite, ids beyond the vocabulary).
void check_group(const PreparedGroup& group, int64_t vocab_size);

// Consecutive groups whose packed rows (prompt plus completions) stay within
// `max_tokens`; a larger group goes alone. Returns ranges over `groups`.
struct GroupRange {
  size_t begin = 0;
  size_t end = 0;
};
std::vector<GroupRange> plan_micro_batches(
    std::span<const PreparedGroup> groups, int64_t max_tokens);

// Some groups as one forward and backward pass. Per-token tensors are
// [num_tokens], completion by completion in the order of `lengths`.
struct GrpoMicroBatch {
  PackedBatch packed;
  torch::Tensor rows;  // int64; predict the tokens
  torch::Tensor ids;   // int64; the tokens
  torch::Tensor advantages;
  // What a token counts in the whole loss, both sides averaged.
  torch::Tensor weights;
  torch::Tensor sampler;         // the rollout's log-probabilities
  torch::Tensor old;             // of the ratio; set by the first iteration
  torch::Tensor reference;       // undefined without a KL term
  std::vector<int64_t> lengths;  // [num_completions]
  std::vector<Side> sides;       // [num_completions]
};

// totals: by Side, over all ranks and micro-batches.
GrpoMicroBatch build_micro_batch(std::span<const PreparedGroup> groups,
                                 const ModelConfig& model,
                                 const GrpoConfig& config,
                                 std::span<const GrpoTotals, 2> totals);

}  // namespace ume
