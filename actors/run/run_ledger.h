#pragma once

#include <memory>
#include <string>

#include "actors/run/run_directory.h"
#include "coordinator/ledger/sqlite_ledger.h"

namespace ume {

// What the files beside a run's ledger show of its steps, for messages:
// "checkpoints up to checkpoints/grpo/step_000002 exist"; empty: none was ever
// made.
std::string steps_on_disk(const RunDirectory& directory);

// The run's ledger, for whoever trains or reads. One that is missing or empty
// is made while no step was ever made; beside steps it throws IoError, as
// training would begin again over them. Throws as SqliteLedger, too.
std::unique_ptr<SqliteLedger> open_run_ledger(const RunDirectory& directory);

// Whether steps, or trajectories for one, were ever made.
bool has_begun(const RunDirectory& directory);

}  // namespace ume
