#pragma once

#include "coordinator/ledger/ledger.h"
#include "coordinator/plan/run_plan.h"

namespace ume {

// Throws ConfigError, naming the first difference, when the ledger is of a run
// that cannot be continued with this plan. A new ledger is of none.
void require_same_plan(const RunPlan& plan,
                       const PhaseData& data,
                       const Ledger& ledger);

// Checks as require_same_plan, and notes the plan in a new ledger.
void keep_plan(const RunPlan& plan, const PhaseData& data, Ledger& ledger);

}  // namespace ume
