#pragma once

#include <memory>

#include "reward/reward_policy.h"

namespace ume {

// `judge`: a language model behind an OpenAI-compatible chat endpoint gives
// each trajectory a score. Equal questions of a cohort are asked once, at most
// `concurrency` at a time, all within deadline_ms; scores are kept, so that a
// cohort that is scored again after a failure asks only what failed. Only text
// is sent, never pictures or frames.
// Throws ConfigError: no key where one is named, or a key that would travel
// unencrypted to another machine.
std::unique_ptr<RewardPolicy> make_judge_term(
    const RewardTermConfig& config, const RewardEnvironment& environment);

}  // namespace ume
