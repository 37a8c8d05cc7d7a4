#pragma once

#include <CLI/CLI.hpp>

namespace ume {

// `ume generate`: answers to records, with their log-probabilities and
// embeddings.
void add_generate_command(CLI::App& app);

}  // namespace ume
