#pragma once

#include <string>
#include <vector>

#include "common/types/cohort.h"
#include "reward/reward_config.h"

namespace ume {

// XXH3-128, hex, of the resolved configuration, names and values, and of what
// the terms depend on beside it (RewardPolicy::fingerprint): everything that
// changes a reward. Equal hashes, equal rewards.
std::string policy_hash(const RewardConfig& config,
                        const std::vector<std::string>& fingerprints = {});

// XXH3-128, hex, of everything in the cohort that a reward can depend on.
std::string input_digest(const Cohort& cohort);

}  // namespace ume
