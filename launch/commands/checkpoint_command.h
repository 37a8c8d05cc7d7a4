#pragma once

#include <CLI/CLI.hpp>

namespace ume {

// `ume checkpoint inspect|verify|export`: what a folder of weights holds,
// whether it is whole, and the same in the hub's layout.
void add_checkpoint_command(CLI::App& app);

}  // namespace ume
