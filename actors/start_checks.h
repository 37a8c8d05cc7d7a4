#pragma once

#include "actors/run/run_config.h"
#include "actors/run/run_directory.h"

namespace ume {

// What a run would fail for once its processes are up, found before anything is
// made: the model folder, the data files and the port. Throws Error of its
// kind, beginning with the field that names it.
void check_start(const RunConfig& config);

// The same for going on with a run, before its folder is changed: throws
// ConfigError when its ledger is of another configuration, as the coordinator
// would, and IoError when it is gone while what it led to is there. Waits for
// the coordinator of a killed run to end.
void check_continues(const RunConfig& config, const RunDirectory& directory);

}  // namespace ume
