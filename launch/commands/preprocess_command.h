#pragma once

#include <CLI/CLI.hpp>

namespace ume {

// `ume preprocess`: records to what a model takes, without a model.
void add_preprocess_command(CLI::App& app);

}  // namespace ume
