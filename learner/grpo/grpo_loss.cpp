#include "learner/grpo/grpo_loss.h"

#include <string>

#include "common/error/error.h"

namespace ume {

GrpoNormaliser parse_normaliser(std::string_view name) {
  if (name == "official" || name == "dr_grpo") {
    return GrpoNormaliser::kMaxLength;
  }
  if (name == "sequence_mean") return GrpoNormaliser::kSequenceMean;
  if (name == "token_mean") return GrpoNormaliser::kTokenMean;
  throw ConfigError(
      "normaliser: expected official, dr_grpo, sequence_mean or token_mean, "
      "found '" +
      std::string(name) + "'");
}

GrpoTokenLoss grpo_token_loss(const torch::Tensor& logprobs,
                              const torch::Tensor& old,
                              const torch::Tensor& reference,
                              const torch::Tensor& advantages,
                              const GrpoLossOptions& options) {
  GrpoTokenLoss result;
  const torch::Tensor ratio = (logprobs - old).exp();
  const torch::Tensor clipped =
      ratio.clamp(1.0 - options.eps_low, 1.0 + options.eps_high);
  const torch::Tensor plain_gain = ratio * advantages;
  const torch::Tensor clipped_gain = clipped * advantages;
  result.loss = -torch::min(plain_gain, clipped_gain);
  if (options.beta > 0.0) {
    const torch::Tensor delta = reference - logprobs;
    const torch::Tensor kl = delta.exp() - delta - 1.0;
    result.loss = result.loss + options.beta * kl;
    result.kl = kl.detach();
  }
  const torch::NoGradGuard no_grad;
  result.clip_active = clipped_gain < plain_gain;
  result.clip_official = plain_gain < clipped_gain;
  return result;
}

double grpo_token_weight(GrpoNormaliser normaliser,
                         int64_t length,
                         const GrpoTotals& totals,
                         int64_t max_length) {
  const auto trajectories = static_cast<double>(totals.num_trajectories);
  switch (normaliser) {
    case GrpoNormaliser::kMaxLength:
      return 1.0 / (trajectories * static_cast<double>(max_length));
    case GrpoNormaliser::kSequenceMean:
      return 1.0 / (trajectories * static_cast<double>(length));
    case GrpoNormaliser::kTokenMean:
      break;
  }
  return 1.0 / static_cast<double>(totals.num_tokens);
}

}  // namespace ume
