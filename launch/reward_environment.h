#pragma once

#include "reward/reward_environment.h"

namespace ume {

// This process's: programs beside ours, and its environment variables.
RewardEnvironment own_reward_environment();

}  // namespace ume
