#pragma once

#include <CLI/CLI.hpp>

namespace ume {

// `ume data validate|stats`: what is in data files, and what is wrong.
void add_data_command(CLI::App& app);

}  // namespace ume
