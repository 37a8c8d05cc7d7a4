#pragma once

#include "actors/policy_keeper.h"
#include "actors/run_directory.h"
#include "reward/reward_environment.h"

namespace ume {

// The policy of a run: the reward section of its config.yaml, also when people
// change it while the run goes on. What else they change there is refused. The
// configuration that was accepted last is in a file of its own, which roles
// start from: one that starts while config.yaml cannot be used goes on with it.
PolicySource run_policy_source(const RunDirectory& directory,
                               const RewardEnvironment& environment);

}  // namespace ume
