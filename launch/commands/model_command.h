#pragma once

#include <CLI/CLI.hpp>

namespace ume {

// `ume model init`: a randomly initialised model from a config alone.
void add_model_command(CLI::App& app);

}  // namespace ume
