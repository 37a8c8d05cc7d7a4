#include "rollout/token_sampling.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "common/error/error.h"

namespace ume {
namespace {

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

// log(sum(exp(logits))), stable. Throws InvalidInput on NaN or all -inf.
double log_sum_exp(std::span<const float> logits) {
  float largest = kMinusInfinity;
  for (const float x : logits) {
    if (std::isnan(x)) throw InvalidInput("sampling: a logit is NaN");
    largest = std::max(largest, x);
  }
  if (!std::isfinite(largest)) {
    throw InvalidInput("sampling: the largest of " +
                       std::to_string(logits.size()) + " logits is not finite");
  }
  double sum = 0.0;
  for (const float x : logits) sum += std::exp(double{x} - largest);
  return largest + std::log(sum);
}

size_t argmax(std::span<const float> logits) {
  return static_cast<size_t>(std::max_element(logits.begin(), logits.end()) -
                             logits.begin());
}

void keep_top_k(std::vector<float>& logits, int32_t top_k) {
  const auto k = static_cast<size_t>(top_k);
  if (top_k <= 0 || k >= logits.size()) return;
  std::vector<float> sorted = logits;
  std::nth_element(sorted.begin(), sorted.begin() + (top_k - 1), sorted.end(),
                   std::greater<float>());
  const float kth = sorted[k - 1];
  for (float& x : logits) {
    if (x < kth) x = kMinusInfinity;
  }
}

std::vector<double> softmax(const std::vector<float>& logits) {
  const double total = log_sum_exp(logits);
  std::vector<double> probs(logits.size());
  for (size_t i = 0; i < logits.size(); ++i) {
    probs[i] = std::exp(double{logits[i]} - total);
  }
  return probs;
}

// Removes the least likely tokens whose probabilities add up to <= 1 - top_p.
void keep_top_p(std::vector<float>& logits, double top_p) {
  if (top_p >= 1.0) return;
  const std::vector<double> probs = softmax(logits);
  std::vector<size_t> order(probs.size());
  std::iota(order.begin(), order.end(), size_t{0});
  // Among equals the higher id goes first, so that lower ids are kept.
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return probs[a] != probs[b] ? probs[a] < probs[b] : a > b;
  });
  double cumulative = 0.0;
  for (size_t i = 0; i + 1 < order.size(); ++i) {
    cumulative += probs[order[i]];
    if (cumulative > 1.0 - top_p) break;
    logits[order[i]] = kMinusInfinity;
  }
}

}  // namespace

std::vector<double> filtered_distribution(std::span<const float> logits,
                                          const SamplingParams& params) {
  if (params.temperature <= 0.0) {
    log_sum_exp(logits);  // refuses NaN and all -inf
    std::vector<double> probs(logits.size(), 0.0);
    probs[argmax(logits)] = 1.0;
    return probs;
  }
  std::vector<float> scaled(logits.begin(), logits.end());
  for (float& x : scaled) x = static_cast<float>(x / params.temperature);
  keep_top_k(scaled, params.top_k);
  keep_top_p(scaled, params.top_p);
  return softmax(scaled);
}

SampledToken sample_token(std::span<const float> logits,
                          const SamplingParams& params,
                          std::span<const int64_t> forbidden,
                          double uniform) {
  const double total = log_sum_exp(logits);
  std::vector<float> allowed(logits.begin(), logits.end());
  for (const int64_t id : forbidden) {
    allowed.at(static_cast<size_t>(id)) = kMinusInfinity;
  }
  size_t chosen = argmax(allowed);
  if (params.temperature > 0.0) {
    const std::vector<double> probs = filtered_distribution(allowed, params);
    double cumulative = 0.0;
    for (size_t i = 0; i < probs.size(); ++i) {
      if (probs[i] == 0.0) continue;
      chosen = i;  // the last allowed id catches rounding at uniform ~ 1
      cumulative += probs[i];
      if (uniform < cumulative) break;
    }
  }
  return {static_cast<int64_t>(chosen),
          static_cast<float>(logits[chosen] - total)};
}

std::optional<FinishReason> finish_of(std::span<const int64_t> ids,
                                      std::span<const int64_t> end_tokens,
                                      const SamplingParams& params) {
  if (ids.empty()) return std::nullopt;
  const bool is_end = std::find(end_tokens.begin(), end_tokens.end(),
                                ids.back()) != end_tokens.end();
  if (is_end && !params.ignore_eos) return FinishReason::kEndToken;
  if (ids.size() >= static_cast<size_t>(params.max_new_tokens)) {
    return FinishReason::kLength;
  }
  return std::nullopt;
}

}  // namespace ume
