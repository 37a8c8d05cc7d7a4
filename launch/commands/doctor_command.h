#pragma once

#include <CLI/CLI.hpp>

namespace ume {

// `ume doctor`: whether this host has what a run needs.
void add_doctor_command(CLI::App& app);

}  // namespace ume
