#pragma once

#include <memory>
#include <vector>

#include "common/collective/collective.h"

namespace ume {

// Ranks that are threads of one process, for tests and for the loop in one
// process. Element r of the result belongs to rank r's thread. A thread that
// fails drops its element: the others then throw Unavailable at once.
std::vector<std::unique_ptr<Collective>> make_thread_collectives(
    int world_size, double deadline_seconds = 120.0);

// A group of one: every operation is the identity.
std::unique_ptr<Collective> make_single_collective();

}  // namespace ume
