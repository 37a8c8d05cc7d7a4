#pragma once

#include <CLI/CLI.hpp>

namespace ume {

// `ume config show|check|schema`.
void add_config_command(CLI::App& app);

}  // namespace ume
