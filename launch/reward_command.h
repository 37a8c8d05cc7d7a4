#pragma once

#include <CLI/CLI.hpp>

namespace ume {

// `ume reward`: scores recorded trajectories with a configuration's reward.
void add_reward_command(CLI::App& app);

}  // namespace ume
