#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/collective/collective.h"
#include "kernels/torch.h"
#include "learner/sft/sft_batch.h"
#include "learner/sft/sft_config.h"
#include "learner/trained_model.h"

namespace ume {

// Supervised fine-tuning: cross-entropy of both sides' answers and symmetric
// InfoNCE of both embeddings. One object a rank and phase.
class SftTrainer {
 public:
  // model, collective: borrowed. tokens: needed when an InfoNCE weight is > 0.
  SftTrainer(TrainedModel& model,
             const SftConfig& config,
             const EmbeddingTokens& tokens,
             Collective& collective);

  // One optimiser step; all ranks call it together.
  // batches: config.accumulation contrastive batches, each this rank's
  // rank_share of config.batch_pairs pairs in order (may be empty).
  // step: 0-based, of the phase; it sets the learning rate.
  // Returns, the same on all ranks: loss, ce_query, ce_target, info_nce_gen,
  // info_nce_disc (those computed), grad_norm, learning_rate, tokens (rows of
  // the packed batches), label_tokens, skipped (0 or 1). The weights are
  // unchanged after a skipped step.
  // Throws InvalidInput for bad examples, or as FiniteGuard::admit.
  StepMetrics step(std::span<const std::vector<SftPair>> batches, int64_t step);

 private:
  // Sums over this rank's share of a step.
  struct Sums {
    double ce_query = 0.0;  // normalised: the ranks' values add up to the mean
    double ce_target = 0.0;
    double gen = 0.0;  // mean over batches; the same on all ranks
    double disc = 0.0;
    double tokens = 0.0;
  };
  // What a token of each side counts in the cross-entropy.
  struct TokenWeights {
    double query = 0.0;
    double target = 0.0;
    double label_tokens = 0.0;  // over all ranks
  };

  int64_t num_contrasts() const;
  TokenWeights token_weights(
      std::span<const std::vector<SftPair>> batches) const;
  void add_batch(std::span<const SftPair> pairs,
                 const TokenWeights& weights,
                 Sums& sums);
  torch::Tensor cross_entropy(const SftBatch& batch,
                              const torch::Tensor& hidden,
                              const TokenWeights& weights,
                              Sums& sums) const;
  torch::Tensor embedding_rows(const SftBatch& batch) const;
  // states: [2 * num_contrasts, own pairs, hidden]: queries, targets of each.
  torch::Tensor contrast(const torch::Tensor& states, Sums& sums) const;
  StepMetrics finish(int64_t step, const TokenWeights& weights, Sums sums);

  TrainedModel& model_;
  SftConfig config_;
  EmbeddingTokens tokens_;
  Collective& collective_;
};

}  // namespace ume
