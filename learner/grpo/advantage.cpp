#include "learner/grpo/advantage.h"

#include <cmath>
#include <string>

#include "common/error/error.h"

namespace ume {
namespace {

struct Moments {
  double mean = 0.0;
  double std = 0.0;
};

Moments moments(std::span<const float> rewards) {
  if (rewards.size() < 2) {
    throw InvalidInput("a group of " + std::to_string(rewards.size()) +
                       " reward(s) has no baseline, expected at least 2");
  }
  Moments m;
  for (size_t i = 0; i < rewards.size(); ++i) {
    if (!std::isfinite(rewards[i])) {
      throw InvalidInput("reward " + std::to_string(i) + " of a group is " +
                         std::to_string(rewards[i]) +
                         ", expected a finite number");
    }
    m.mean += rewards[i];
  }
  const auto count = static_cast<double>(rewards.size());
  m.mean /= count;
  double squares = 0.0;
  for (float r : rewards) squares += (r - m.mean) * (r - m.mean);
  m.std = std::sqrt(squares / (count - 1));
  return m;
}

}  // namespace

AdvantageScale parse_advantage_scale(std::string_view name) {
  if (name == "std") return AdvantageScale::kStd;
  if (name == "none") return AdvantageScale::kNone;
  throw ConfigError("advantage_scale: expected std or none, found '" +
                    std::string(name) + "'");
}

std::vector<float> group_advantages(std::span<const float> rewards,
                                    AdvantageScale scale,
                                    float eps) {
  const Moments m = moments(rewards);
  const double divisor = scale == AdvantageScale::kStd ? m.std + eps : 1.0;
  std::vector<float> advantages(rewards.size());
  for (size_t i = 0; i < rewards.size(); ++i) {
    advantages[i] = static_cast<float>((rewards[i] - m.mean) / divisor);
  }
  return advantages;
}

float group_std(std::span<const float> rewards) {
  return static_cast<float>(moments(rewards).std);
}

}  // namespace ume
