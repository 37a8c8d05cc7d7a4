#pragma once

#include <atomic>
#include <string>

#include "actors/run_config.h"
#include "actors/run_directory.h"

namespace ume {

// The export (hub layout) of a training phase, or the starting model for
// "base". Throws IoError when the phase has none yet.
std::string stage_model(const RunConfig& config,
                        const RunDirectory& directory,
                        const std::string& stage);

// Reads what the eval phase will need, so that a run is not trained in vain.
// Throws as the phase would.
void check_evaluation(const RunConfig& config);

// After training: copies the last phase's export to RUN/model, measures the
// stages of the eval phase (those that have been, with the same settings, are
// not measured again), writes RUN/report/index.html and prints the table and
// the times on stdout. Returns false when `stop` was set before the end; it may
// then be called again.
bool finish_run(const RunConfig& config,
                const RunDirectory& directory,
                const std::string& programs,
                const std::atomic<bool>& stop);

// Whether finish_run has completed for this run.
bool run_is_finished(const RunDirectory& directory);

}  // namespace ume
