#pragma once

#include <CLI/CLI.hpp>

namespace ume {

// `ume train CONFIG [key=value …] [--resume]`.
void add_train_command(CLI::App& app);

}  // namespace ume
