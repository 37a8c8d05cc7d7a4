#pragma once

#include <CLI/CLI.hpp>

namespace ume {

// `ume role coordinator|reward`: the roles without LibTorch.
void add_role_command(CLI::App& app);

}  // namespace ume
