#pragma once

#include <string>
#include <vector>

#include "coordinator/ledger/ledger.h"
#include "coordinator/plan/run_plan.h"

namespace ume {

// What a run with faults must share with the fault-free run of the same plan:
// the multiset of (phase, step, group, trajectories, rewards) and the weight
// hash of every update. Not who did it, when, or how often it was tried.
std::string ledger_digest(const Ledger& ledger);

// The lines behind ledger_digest, sorted: for finding where two runs part.
std::vector<std::string> ledger_digest_lines(const Ledger& ledger);

// Checks what must hold at every moment (reliability: I1 to I4 and I6); I5 is
// the comparison of two digests. Returns one sentence per broken rule; empty:
// all hold.
//   I1 every group is in one state, with the lease and trajectories it needs
//   I2 every group is in at most one update, the one that the order gives it
//   I3 counted + pending + leased + quarantined = dispatched
//   I4 fencing numbers strictly increase
//   I6 consumed trajectories were made by the weights of their own update
std::vector<std::string> check_invariants(const Ledger& ledger,
                                          const RunPlan& plan,
                                          const PhaseData& data);

}  // namespace ume
