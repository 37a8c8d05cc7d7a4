#include "learner/grpo/grpo.h"

#include <array>
#include <utility>

#include "common/error/check.h"
#include "common/error/error.h"
#include "learner/optimizer/lr_schedule.h"

namespace ume {
namespace {

std::array<GrpoTotals, 2> totals_of(const BatchSlice& slice) {
  std::array<GrpoTotals, 2> totals;
  for (size_t s = 0; s < 2; ++s) {
    totals[s] = {slice.num_trajectories[s], slice.num_tokens[s]};
  }
  return totals;
}

// The slice's counts are over all ranks: this rank's groups cannot exceed them.
void check_totals(const BatchSlice& slice,
                  std::span<const GrpoTotals, 2> totals) {
  std::array<GrpoTotals, 2> own;
  for (const TrainGroup& group : slice.groups) {
    GrpoTotals& side = own[static_cast<size_t>(group.group.side)];
    for (const auto& ids : group.completion_ids) {
      side.num_trajectories += 1;
      side.num_tokens += static_cast<int64_t>(ids.size());
    }
  }
  for (size_t s = 0; s < 2; ++s) {
    if (own[s].num_trajectories > totals[s].num_trajectories ||
        own[s].num_tokens > totals[s].num_tokens) {
      throw InvalidInput(
          "update " + std::to_string(slice.update) + ": the slice holds " +
          std::to_string(own[s].num_trajectories) + " trajectories of the " +
          std::string(side_name(static_cast<Side>(s))) +
          " side, but the counts over all ranks say " +
          std::to_string(totals[s].num_trajectories));
    }
  }
}

}  // namespace

GrpoTrainer::GrpoTrainer(TrainedModel& policy,
                         const Qwen2VL* reference,
                         const GrpoConfig& config,
                         Collective& collective)
    : policy_(policy),
      reference_(reference),
      config_(config),
      collective_(collective) {
  UME_CHECK(reference != nullptr || config.beta == 0.0,
            "a KL term needs the reference model");
}

std::vector<StepMetrics> GrpoTrainer::update(
    const BatchSlice& slice,
    std::span<const PreparedPrompt> prompts,
    int64_t update) {
  UME_CHECK(prompts.size() == slice.groups.size(), "one prompt per group");
  const std::array<GrpoTotals, 2> totals = totals_of(slice);
  check_totals(slice, totals);
  GrpoMetrics metrics(totals);
  std::vector<PreparedGroup> groups;
  for (size_t i = 0; i < prompts.size(); ++i) {
    groups.push_back({&slice.groups[i], &prompts[i]});
    check_group(groups.back(), policy_.model().config().vocab_size);
    metrics.add_group(slice.groups[i]);
  }
  std::vector<GrpoMicroBatch> batches = build(groups, totals);
  std::vector<StepMetrics> iterations;
  for (int64_t i = 0; i < config_.num_iterations; ++i) {
    iterations.push_back(
        iterate(batches, metrics, update * config_.num_iterations + i));
  }
  return iterations;
}

std::vector<GrpoMicroBatch> GrpoTrainer::build(
    std::span<const PreparedGroup> groups,
    std::span<const GrpoTotals, 2> totals) const {
  std::vector<GrpoMicroBatch> batches;
  for (const GroupRange& range :
       plan_micro_batches(groups, config_.micro_batch_tokens)) {
    batches.push_back(
        build_micro_batch(groups.subspan(range.begin, range.end - range.begin),
                          policy_.model().config(), config_, totals));
    GrpoMicroBatch& batch = batches.back();
    if (config_.old_logprob == "sampler") batch.old = batch.sampler;
    if (config_.beta > 0.0) {
      const torch::NoGradGuard no_grad;
      batch.reference = logprobs(*reference_, batch, false);
    }
  }
  return batches;
}

torch::Tensor GrpoTrainer::logprobs(const Qwen2VL& model,
                                    const GrpoMicroBatch& batch,
                                    bool train_media) const {
  const torch::Tensor hidden = forward_batch(model, batch.packed, train_media);
  return model.token_logprobs(hidden.index_select(0, batch.rows), batch.ids);
}

void GrpoTrainer::accumulate(GrpoMicroBatch& batch, GrpoMetrics& metrics) {
  const torch::Tensor own =
      logprobs(policy_.model(), batch, policy_.trains_media());
  const torch::Tensor detached = own.detach();
  // The first iteration's values are those of the policy before any step.
  if (!batch.old.defined()) batch.old = detached;
  const GrpoTokenLoss loss =
      grpo_token_loss(own, batch.old, batch.reference, batch.advantages,
                      {.eps_low = config_.eps_low,
                       .eps_high = config_.eps_high,
                       .beta = config_.beta});
  (loss.loss * batch.weights).sum().backward();
  metrics.add_batch(batch, loss, detached);
}

StepMetrics GrpoTrainer::iterate(std::vector<GrpoMicroBatch>& batches,
                                 GrpoMetrics metrics,
                                 int64_t step) {
  policy_.parameters().zero_gradients();
  for (GrpoMicroBatch& batch : batches) accumulate(batch, metrics);
  StepMetrics result = metrics.reduce(collective_);
  const double rate = learning_rate_at(
      config_.optimizer, step, config_.updates * config_.num_iterations);
  const double loss = result.contains("loss") ? result.at("loss") : 0.0;
  const StepOutcome outcome =
      policy_.apply_gradients(step, rate, loss, collective_);
  result["grad_norm"] = outcome.gradient_norm;
  result["learning_rate"] = rate;
  result["skipped"] = outcome.skipped ? 1.0 : 0.0;
  return result;
}

}  // namespace ume
