#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace ume {

// kStd divides by the group's deviation (GRPO), kNone does not (Dr. GRPO).
enum class AdvantageScale { kStd, kNone };

// "std" or "none". Throws ConfigError for another name.
AdvantageScale parse_advantage_scale(std::string_view name);

// Group-relative advantages: a[i] = (r[i] - mean(r)) / (std(r) + eps), or only
// r[i] - mean(r) with kNone.
//
// rewards: [G], one per trajectory of ONE group, unitless.
// Returns: [G], same order, unitless. All zeros when every reward is equal.
// std is the unbiased one (divisor G-1); eps keeps equal rewards finite.
// Throws InvalidInput if G < 2 or a reward is not finite.
// Source: GRPO, arXiv:2402.03300 sec. 4.1; eps as in the UME-R1 recipe.
std::vector<float> group_advantages(std::span<const float> rewards,
                                    AdvantageScale scale = AdvantageScale::kStd,
                                    float eps = 1e-4f);

// The unbiased standard deviation (divisor G-1) of one group's rewards.
// Throws as group_advantages.
float group_std(std::span<const float> rewards);

}  // namespace ume
