#pragma once

#include <functional>
#include <optional>
#include <string>

namespace ume {

// What terms may use of the process that they run in.
struct RewardEnvironment {
  // Folder of ume-reward-plugin; empty: plug-ins cannot have a process of their
  // own.
  std::string programs = "";
  // An environment variable's value; nothing when it is not set.
  std::function<std::optional<std::string>(const std::string& name)> variable =
      [](const std::string&) { return std::nullopt; };
};

}  // namespace ume
