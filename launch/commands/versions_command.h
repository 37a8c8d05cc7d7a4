#pragma once

#include <CLI/CLI.hpp>

namespace ume {

// `ume-engine versions`: which LibTorch was loaded, for `ume doctor`.
void add_versions_command(CLI::App& app);

}  // namespace ume
