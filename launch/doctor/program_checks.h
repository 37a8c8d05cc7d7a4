#pragma once

#include <string>

#include "launch/doctor/finding.h"

namespace ume {

// programs: the folder of `ume`, where its other programs lie.
//
// Whether ume-engine starts, which takes LibTorch with it, and of which
// version that is.
Finding check_engine(const std::string& programs);
// ume-media, without which pictures can be read but no videos and documents.
Finding check_media(const std::string& programs);
// mpirun, which starts the learner's ranks.
Finding check_mpi();

}  // namespace ume
