#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

namespace ume {

// Runs a program's main function over a prepared CLI11 application: parses,
// runs the chosen subcommand's callback, and turns what goes wrong into one
// line on stderr and the exit code of its kind (docs/cli.md).
int run_command_line(CLI::App& app, int argc, char** argv);

// Reports an error in flight (inside a catch block). Returns the exit code.
int report_current_exception(const std::string& program);

// Adds an example to a command's --help.
void add_example(CLI::App& command, const std::string& example);

// The folder of the running program (where ume-engine lies beside ume).
std::string program_folder();

}  // namespace ume
