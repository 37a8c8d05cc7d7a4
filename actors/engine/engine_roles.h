#pragma once

#include <string>

#include "actors/run/run_directory.h"

namespace ume {

// The process of one rollout worker: connects, samples until the run is over.
void run_rollout_role(const RunDirectory& directory, int32_t index);

// The process of one learner rank, started by mpirun. Does not return when
// another rank is lost: all ranks end and the supervisor starts new ones.
void run_learner_role(const RunDirectory& directory,
                      const std::string& start_id);

}  // namespace ume
