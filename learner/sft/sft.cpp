#include "learner/sft/sft.h"

#include <torch/nn/functional/normalization.h>

#include <algorithm>
#include <array>

#include "common/error/check.h"
#include "learner/optimizer/lr_schedule.h"
#include "learner/sft/contrastive.h"
#include "learner/sft/sft_plan.h"

namespace ume {

SftTrainer::SftTrainer(TrainedModel& model,
                       const SftConfig& config,
                       const EmbeddingTokens& tokens,
                       Collective& collective)
    : model_(model),
      config_(config),
      tokens_(tokens),
      collective_(collective) {}

int64_t SftTrainer::num_contrasts() const {
  return (config_.gen_weight > 0.0 ? 1 : 0) +
         (config_.disc_weight > 0.0 ? 1 : 0);
}

StepMetrics SftTrainer::step(std::span<const std::vector<SftPair>> batches,
                             int64_t step) {
  UME_CHECK(static_cast<int64_t>(batches.size()) == config_.accumulation,
            "one list of pairs per contrastive batch");
  const TokenWeights weights = token_weights(batches);
  model_.parameters().zero_gradients();
  Sums sums;
  for (const std::vector<SftPair>& pairs : batches) {
    add_batch(pairs, weights, sums);
  }
  return finish(step, weights, sums);
}

SftTrainer::TokenWeights SftTrainer::token_weights(
    std::span<const std::vector<SftPair>> batches) const {
  std::array<double, 2> own{};
  for (const std::vector<SftPair>& pairs : batches) {
    for (const SftPair& pair : pairs) {
      own[0] += static_cast<double>(count_labels(pair.query));
      own[1] += static_cast<double>(count_labels(pair.target));
    }
  }
  std::array<double, 2> all = own;
  collective_.all_reduce_sum(std::span<double>(all));
  const bool global = config_.ce_reduction == "global";
  const auto weight = [&](int side) {
    const double tokens =
        global ? all[side] : own[side] * collective_.world_size();
    return tokens > 0.0 ? 1.0 / tokens : 0.0;
  };
  return {
      .query = weight(0), .target = weight(1), .label_tokens = all[0] + all[1]};
}

void SftTrainer::add_batch(std::span<const SftPair> pairs,
                           const TokenWeights& weights,
                           Sums& sums) {
  const PairRange share = rank_share(config_.batch_pairs, collective_.rank(),
                                     collective_.world_size());
  UME_CHECK(static_cast<int64_t>(pairs.size()) == share.size(),
            "this rank's share of the contrastive batch");
  const int64_t num_contrasts = this->num_contrasts();
  torch::Tensor loss;
  // A rank without pairs has nothing to add, but the others still gather.
  torch::Tensor states =
      torch::zeros({2 * num_contrasts, 0, model_.model().config().hidden_size},
                   torch::kFloat32);
  if (!pairs.empty()) {
    const SftBatch batch = build_sft_batch(
        pairs, model_.model().config(), num_contrasts > 0 ? &tokens_ : nullptr);
    sums.tokens += static_cast<double>(batch.packed.num_rows());
    const torch::Tensor hidden =
        forward_batch(model_.model(), batch.packed, model_.trains_media());
    loss = cross_entropy(batch, hidden, weights, sums);
    if (num_contrasts > 0) {
      states = hidden.index_select(0, embedding_rows(batch))
                   .view({2 * num_contrasts, share.size(), -1});
    }
  }
  if (num_contrasts > 0) {
    const torch::Tensor contrast = this->contrast(states, sums);
    loss = loss.defined() ? loss + contrast : contrast;
  }
  if (loss.defined() && loss.requires_grad()) loss.backward();
}

torch::Tensor SftTrainer::embedding_rows(const SftBatch& batch) const {
  std::vector<torch::Tensor> rows;
  if (config_.gen_weight > 0.0) rows.push_back(batch.gen_rows);
  if (config_.disc_weight > 0.0) rows.push_back(batch.disc_rows);
  return torch::cat(rows);
}

torch::Tensor SftTrainer::cross_entropy(const SftBatch& batch,
                                        const torch::Tensor& hidden,
                                        const TokenWeights& weights,
                                        Sums& sums) const {
  const int64_t num_labels = batch.label_ids.numel();
  if (num_labels == 0) return torch::Tensor();
  const torch::Tensor logprobs = model_.model().token_logprobs(
      hidden.index_select(0, batch.label_rows), batch.label_ids);
  const int64_t num_query = batch.num_query_labels;
  const torch::Tensor query =
      logprobs.narrow(0, 0, num_query).sum() * -weights.query;
  const torch::Tensor target =
      logprobs.narrow(0, num_query, num_labels - num_query).sum() *
      -weights.target;
  sums.ce_query += query.item<double>();
  sums.ce_target += target.item<double>();
  return query * config_.query_weight + target * config_.target_weight;
}

torch::Tensor SftTrainer::contrast(const torch::Tensor& states,
                                   Sums& sums) const {
  const int64_t total = config_.batch_pairs;
  const int64_t first =
      rank_share(total, collective_.rank(), collective_.world_size()).begin;
  const torch::Tensor unit = torch::nn::functional::normalize(
      states, torch::nn::functional::NormalizeFuncOptions().dim(2).eps(1e-12));
  const torch::Tensor rows = gather_rows(unit, first, total, collective_);
  torch::Tensor loss;
  int64_t next = 0;
  const auto add = [&](double weight, double& sum) {
    if (weight == 0.0) return;
    const torch::Tensor term =
        info_nce(rows[next], rows[next + 1], config_.scale) /
        static_cast<double>(config_.accumulation);
    next += 2;
    sum += term.item<double>();
    loss = loss.defined() ? loss + term * weight : term * weight;
  };
  add(config_.gen_weight, sums.gen);
  add(config_.disc_weight, sums.disc);
  return loss;
}

StepMetrics SftTrainer::finish(int64_t step,
                               const TokenWeights& weights,
                               Sums sums) {
  const auto world = static_cast<double>(collective_.world_size());
  std::array<double, 5> all{sums.ce_query, sums.ce_target, sums.gen / world,
                            sums.disc / world, sums.tokens};
  collective_.all_reduce_sum(std::span<double>(all));
  const double loss =
      config_.query_weight * all[0] + config_.target_weight * all[1] +
      config_.gen_weight * all[2] + config_.disc_weight * all[3];
  const double rate = learning_rate_at(config_.optimizer, step, config_.steps);
  const StepOutcome outcome =
      model_.apply_gradients(step, rate, loss, collective_);
  StepMetrics metrics{{"loss", loss},
                      {"ce_query", all[0]},
                      {"ce_target", all[1]},
                      {"grad_norm", outcome.gradient_norm},
                      {"learning_rate", rate},
                      {"tokens", all[4]},
                      {"label_tokens", weights.label_tokens},
                      {"skipped", outcome.skipped ? 1.0 : 0.0}};
  if (config_.gen_weight > 0.0) metrics["info_nce_gen"] = all[2];
  if (config_.disc_weight > 0.0) metrics["info_nce_disc"] = all[3];
  return metrics;
}

}  // namespace ume
