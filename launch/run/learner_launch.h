#pragma once

#include <string>

#include "actors/run/run_config.h"
#include "actors/run/run_directory.h"
#include "launch/child_process.h"

namespace ume {

// What cannot run without: throws Unavailable, saying what to install, when
// ume-engine is not in the folder `programs` or, for a run that trains, there
// is no mpirun.
void check_programs(const RunConfig& config, const std::string& programs);

// mpirun with this host's learner ranks; a fresh start id each time.
// programs: the folder of `ume-engine`.
ChildCommand learner_command(const RunConfig& config,
                             const RunDirectory& directory,
                             const std::string& programs);

}  // namespace ume
