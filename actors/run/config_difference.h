#pragma once

#include <optional>
#include <string>

#include "actors/run/run_config.h"

namespace ume {

// One key with the value that each of two configurations has for it:
// "grpo.updates: 6". Empty: that one has no such key or element.
struct ConfigDifference {
  std::string found;
  std::string expected;
};

// The first one, in the order of `ume config show`.
std::optional<ConfigDifference> first_difference(const RunConfig& found,
                                                 const RunConfig& expected);

}  // namespace ume
