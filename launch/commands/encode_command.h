#pragma once

#include <CLI/CLI.hpp>

namespace ume {

// `ume-engine eval-encode`: one shard of an evaluation set through one model.
// Started by `ume eval run`, which scores what it writes.
void add_encode_command(CLI::App& app);

}  // namespace ume
