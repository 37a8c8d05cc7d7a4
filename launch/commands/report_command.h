#pragma once

#include <CLI/CLI.hpp>

namespace ume {

// `ume report RUN`: the page and the table again, from what the run left.
void add_report_command(CLI::App& app);

}  // namespace ume
