#pragma once

#include <CLI/CLI.hpp>

namespace ume {

// `ume tokenize`: texts to token ids and back.
void add_tokenize_command(CLI::App& app);

}  // namespace ume
