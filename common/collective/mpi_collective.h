#pragma once

#include <memory>

#include "common/collective/collective.h"

namespace ume {

// Holds MPI open for the process, one per process and before any
// make_mpi_collective. MPI errors become Unavailable. The destructor finalises
// MPI when everything went well; after a failure call abort() instead, as
// finalising waits for the other ranks.
class MpiSession {
 public:
  // Throws Unavailable when MPI cannot be started.
  MpiSession();
  ~MpiSession();
  MpiSession(const MpiSession&) = delete;
  MpiSession& operator=(const MpiSession&) = delete;

  int rank() const;
  int world_size() const;
  // Ends all ranks at once with this exit code; does not return.
  [[noreturn]] void abort(int exit_code);
};

// Over all ranks. Waits by testing with short naps, so that an idle rank leaves
// its core to others. The session outlives it.
std::unique_ptr<Collective> make_mpi_collective(
    const MpiSession& session, double deadline_seconds = 120.0);

}  // namespace ume
