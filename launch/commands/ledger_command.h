#pragma once

#include <CLI/CLI.hpp>

namespace ume {

// `ume ledger fsck RUN`: checks a run's ledger and prints its digest.
void add_ledger_command(CLI::App& app);

}  // namespace ume
