#pragma once

#include <memory>

#include "reward/reward_policy.h"

namespace ume {

// `plugin`: a shared object of others (reward/plugin/ume_reward_plugin.h) as a
// term. With isolation `process` it lives in a child, which is started again
// after growing pauses when it dies, hangs or answers nonsense: that call's
// cells are failed, and nothing else happens.
// Throws ConfigError, naming file and fault, for a plug-in that cannot be
// loaded.
std::unique_ptr<RewardPolicy> make_plugin_term(
    const RewardTermConfig& config, const RewardEnvironment& environment);

}  // namespace ume
