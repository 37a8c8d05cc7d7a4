#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

namespace ume {

// Runs the work that it is given, and may throw one exception for another.
using CommandGuard = std::function<void(const std::function<void()>&)>;

// Runs a program's main function over a prepared CLI11 application: parses,
// runs the chosen subcommand's callback, and turns what goes wrong into one
// line on stderr and the exit code of its kind (docs/cli.md).
// guard: around all of it, for a library's own exceptions; may be empty.
int run_command_line(CLI::App& app,
                     int argc,
                     char** argv,
                     const CommandGuard& guard = {});

// Reports an error in flight (inside a catch block), without what a terminal
// would obey: messages quote files. Returns the exit code.
int report_current_exception(const std::string& program);

// Adds an example to a command's --help.
void add_example(CLI::App& command, const std::string& example);

// The folder of the running program (where ume-engine lies beside ume).
std::string program_folder();

}  // namespace ume
