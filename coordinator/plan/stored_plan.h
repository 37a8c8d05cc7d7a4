#pragma once

#include "coordinator/ledger/ledger.h"
#include "coordinator/plan/run_plan.h"

namespace ume {

// Whether the ledger is of a run at all: a new one is of none.
bool has_plan(const Ledger& ledger);

// Where a phase stands by the ledger.
struct PhaseProgress {
  uint64_t steps_begun = 0;  // done, or given to the learner
  bool ended = false;        // after steps_begun
};
PhaseProgress phase_progress(const Ledger& ledger, uint32_t phase);

// Throws ConfigError, naming the first difference, when the ledger is of a run
// that cannot be continued with this plan: the last phase, too, cannot become
// shorter than what it has begun, nor go on once it has ended. A new ledger is
// of none.
void require_same_plan(const RunPlan& plan,
                       const PhaseData& data,
                       const Ledger& ledger);

// Checks as require_same_plan, and notes the plan in a new ledger.
void keep_plan(const RunPlan& plan, const PhaseData& data, Ledger& ledger);

}  // namespace ume
