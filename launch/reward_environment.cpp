#include "launch/reward_environment.h"

#include <cstdlib>

#include "launch/command_line.h"

namespace ume {

RewardEnvironment own_reward_environment() {
  RewardEnvironment environment;
  environment.programs = program_folder();
  environment.variable =
      [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
  return environment;
}

}  // namespace ume
