#pragma once

#include <CLI/CLI.hpp>

namespace ume {

// `ume eval run`: one model over the tasks of an evaluation folder.
void add_eval_command(CLI::App& app);

}  // namespace ume
