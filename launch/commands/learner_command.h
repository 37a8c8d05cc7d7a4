#pragma once

#include <filesystem>
#include <string>

#include "actors/run/run_config.h"
#include "actors/run/run_directory.h"
#include "launch/child_process.h"

namespace ume {

// mpirun with this host's learner ranks; a fresh start id each time.
ChildCommand learner_command(const RunConfig& config,
                             const RunDirectory& directory,
                             const std::string& programs);

// The last lines of logs/ROLE*.log, indented, for messages.
std::string last_lines(const std::filesystem::path& logs,
                       const std::string& role);

}  // namespace ume
