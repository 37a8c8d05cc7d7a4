#pragma once

#include <string>

#include "common/types/cohort.h"
#include "reward/reward_config.h"

namespace ume {

// XXH3-128, hex, of the resolved configuration, names and values: everything
// that changes a reward. Equal hashes, equal rewards.
std::string policy_hash(const RewardConfig& config);

// XXH3-128, hex, of everything in the cohort that a reward can depend on.
std::string input_digest(const Cohort& cohort);

}  // namespace ume
