#pragma once

#include <CLI/CLI.hpp>

namespace ume {

// `ume embed`: records of text and pictures to embeddings.
void add_embed_command(CLI::App& app);

}  // namespace ume
