#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "kernels/torch.h"

namespace ume {

enum class GrpoNormaliser { kMaxLength, kSequenceMean, kTokenMean };

// "official" and "dr_grpo" are kMaxLength (they differ in the advantages),
// "sequence_mean", "token_mean". Throws ConfigError for another name.
GrpoNormaliser parse_normaliser(std::string_view name);

struct GrpoLossOptions {
  double eps_low = 0.2;
  double eps_high = 0.28;
  double beta = 0.04;
};

// Per token; all [num_tokens].
struct GrpoTokenLoss {
  torch::Tensor loss;  // differentiable
  torch::Tensor kl;    // detached; undefined without a reference
  // Detached, bool: tokens whose gradient min() removes.
  torch::Tensor clip_active;
  // Detached, bool: what the published trainer logs as clipped, that is
  // ratio * A < clipped * A, where min() does NOT select the clipped value.
  torch::Tensor clip_official;
};

// -min(r A, clip(r, 1 - eps_low, 1 + eps_high) A) + beta (e^d - d - 1) with
// r = exp(logprobs - old) and d = reference - logprobs.
// logprobs, old, reference, advantages: [num_tokens], fp32; `reference`
// undefined when beta is 0. Gradients flow to `logprobs` only.
// Source: GRPO (arXiv:2402.03300), with DAPO's asymmetric clip.
GrpoTokenLoss grpo_token_loss(const torch::Tensor& logprobs,
                              const torch::Tensor& old,
                              const torch::Tensor& reference,
                              const torch::Tensor& advantages,
                              const GrpoLossOptions& options);

// Counts of one side over ALL ranks and micro-batches.
struct GrpoTotals {
  int64_t num_trajectories = 0;
  int64_t num_tokens = 0;
};

// What each token of a trajectory of `length` tokens counts in its side's loss:
// kMaxLength 1 / (N max_length), kSequenceMean 1 / (N length), kTokenMean
// 1 / tokens.
double grpo_token_weight(GrpoNormaliser normaliser,
                         int64_t length,
                         const GrpoTotals& totals,
                         int64_t max_length);

}  // namespace ume
