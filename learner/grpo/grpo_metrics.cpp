#include "learner/grpo/grpo_metrics.h"

#include <cmath>
#include <string>
#include <vector>

#include "learner/grpo/advantage.h"

namespace ume {
namespace {

double ratio(double sum, double count) {
  return count > 0.0 ? sum / count : 0.0;
}

}  // namespace

GrpoMetrics::GrpoMetrics(std::span<const GrpoTotals, 2> totals)
    : totals_{totals[0], totals[1]} {}

void GrpoMetrics::add_group(const TrainGroup& group) {
  double* sums = sums_of(group.group.side);
  const std::vector<float> rewards(group.rewards.begin(), group.rewards.end());
  const double deviation = group_std(rewards);
  for (float reward : rewards) sums[kReward] += reward;
  sums[kRewardStd] += deviation;
  sums[kZeroStd] += deviation == 0.0 ? 1.0 : 0.0;
  sums[kGroups] += 1.0;
}

void GrpoMetrics::add_batch(const GrpoMicroBatch& batch,
                            const GrpoTokenLoss& loss,
                            const torch::Tensor& logprobs) {
  const torch::Tensor losses = loss.loss.detach() * batch.weights;
  const float* loss_data = losses.const_data_ptr<float>();
  const float* kl =
      loss.kl.defined() ? loss.kl.const_data_ptr<float>() : nullptr;
  const bool* active = loss.clip_active.const_data_ptr<bool>();
  const bool* official = loss.clip_official.const_data_ptr<bool>();
  const float* own = logprobs.const_data_ptr<float>();
  const float* sampler = batch.sampler.const_data_ptr<float>();
  int64_t token = 0;
  for (size_t i = 0; i < batch.lengths.size(); ++i) {
    double* sums = sums_of(batch.sides[i]);
    double kl_sum = 0.0;
    for (const int64_t end = token + batch.lengths[i]; token < end; ++token) {
      sums[kLoss] += loss_data[token];
      kl_sum += kl != nullptr ? kl[token] : 0.0;
      sums[kClipActive] += active[token] ? 1.0 : 0.0;
      sums[kClipOfficial] += official[token] ? 1.0 : 0.0;
      sums[kDifference] += std::abs(own[token] - sampler[token]);
    }
    sums[kKl] += kl_sum / static_cast<double>(batch.lengths[i]);
  }
  sums_[kPackedRows] += static_cast<double>(batch.packed.num_rows());
}

StepMetrics GrpoMetrics::reduce(Collective& collective) const {
  std::array<double, 2 * kNumSums> reduced = sums_;
  collective.all_reduce_sum(std::span<double>(reduced));

  StepMetrics metrics;
  double num_sides = 0.0;
  for (const GrpoTotals& totals : totals_) {
    num_sides += totals.num_trajectories > 0 ? 1.0 : 0.0;
  }
  for (size_t s = 0; s < 2; ++s) {
    const auto trajectories = static_cast<double>(totals_[s].num_trajectories);
    const auto tokens = static_cast<double>(totals_[s].num_tokens);
    if (trajectories == 0.0) continue;
    const double* all = reduced.data() + s * kNumSums;
    const std::string prefix(side_name(static_cast<Side>(s)));
    const auto put = [&](const std::string& name, double value) {
      metrics[prefix + "/" + name] = value;
      metrics[name] += value / num_sides;
    };
    // The weights hold 1 / num_sides, so that their sum is the whole loss.
    put("loss", all[kLoss] * num_sides);
    put("kl", all[kKl] / trajectories);
    put("clip_ratio", ratio(all[kClipOfficial], tokens));
    put("clip_fraction_active", ratio(all[kClipActive], tokens));
    put("sampling_logp_difference/mean", ratio(all[kDifference], tokens));
    put("reward", all[kReward] / trajectories);
    put("reward_std", ratio(all[kRewardStd], all[kGroups]));
    put("frac_reward_zero_std", ratio(all[kZeroStd], all[kGroups]));
    put("completions/mean_length", tokens / trajectories);
  }
  metrics["completion_tokens"] =
      static_cast<double>(totals_[0].num_tokens + totals_[1].num_tokens);
  metrics["tokens"] = reduced[kPackedRows];
  return metrics;
}

}  // namespace ume
