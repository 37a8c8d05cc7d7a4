#pragma once

#include <CLI/CLI.hpp>

namespace ume {

// `ume reward`: scores recorded trajectories with a configuration's reward.
void add_reward_command(CLI::App& app);

// `ume reward-explain`: why one pair got its rewards.
void add_reward_explain_command(CLI::App& app);

}  // namespace ume
