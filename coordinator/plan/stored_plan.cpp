#include "coordinator/plan/stored_plan.h"

#include <algorithm>
#include <string>

#include "common/error/error.h"
#include "coordinator/ledger/ledger_rows.h"

namespace ume {
namespace {

constexpr const char* kKey = "plan";

std::string first_difference(const std::string& ours,
                             const std::string& stored) {
  size_t begin = 0;
  while (begin < ours.size()) {
    const size_t end = ours.find('\n', begin);
    const std::string line = ours.substr(begin, end - begin);
    if (stored.compare(begin, line.size() + 1, line + "\n") != 0) {
      const std::string old =
          begin < stored.size()
              ? stored.substr(begin, stored.find('\n', begin) - begin)
              : "nothing";
      return "'" + old + "' then, '" + line + "' now";
    }
    begin = end + 1;
  }
  return "there were more phases";
}

// What the fingerprint leaves out, as it may change while the phase goes on.
void check_last_phase(const RunPlan& plan, const Ledger& ledger) {
  if (plan.phases.empty()) return;
  const PhasePlan& phase = plan.phases.back();
  const auto [begun, ended] =
      phase_progress(ledger, static_cast<uint32_t>(plan.phases.size() - 1));
  const std::string key =
      phase.kind == PhaseKind::kGrpo ? "grpo.updates" : "sft.steps";
  const std::string found = ", found " + std::to_string(phase.num_steps);
  if (ended && phase.num_steps != begun) {
    throw ConfigError(key + ": phase " + phase.name +
                      " has ended and cannot be continued: expected " +
                      std::to_string(begun) + found +
                      "; start another run for more");
  }
  if (phase.num_steps < begun) {
    throw ConfigError(key + ": expected " + std::to_string(begun) +
                      " or more, the steps that phase " + phase.name +
                      " has begun" + found);
  }
}

// Steps that a phase's rows, one a step in order, come to.
template <class Row>
uint64_t steps_of(const std::vector<Row>& rows) {
  return rows.empty() ? 0 : rows.back().step + 1;
}

}  // namespace

bool has_plan(const Ledger& ledger) {
  return ledger.get(LedgerTable::kMeta, kKey).has_value();
}

PhaseProgress phase_progress(const Ledger& ledger, uint32_t phase) {
  PhaseProgress progress;
  const auto saved =
      load_rows<CheckpointRow>(ledger, CheckpointRow::prefix(phase));
  progress.ended = !saved.empty() && saved.back().end_of_phase;
  if (!saved.empty()) progress.steps_begun = saved.back().step;
  if (progress.ended) return progress;
  progress.steps_begun = std::max(
      {progress.steps_begun,
       steps_of(load_rows<StepRow>(ledger, StepRow::prefix(phase))),
       steps_of(load_rows<BatchRow>(ledger, BatchRow::prefix(phase)))});
  return progress;
}

void require_same_plan(const RunPlan& plan,
                       const PhaseData& data,
                       const Ledger& ledger) {
  const auto stored = ledger.get(LedgerTable::kMeta, kKey);
  const std::string ours = plan_fingerprint(plan, data);
  if (!stored) return;
  if (*stored != ours) {
    throw ConfigError(
        "the run was started with another configuration and cannot be "
        "continued with this one: " +
        first_difference(ours, *stored));
  }
  check_last_phase(plan, ledger);
}

void keep_plan(const RunPlan& plan, const PhaseData& data, Ledger& ledger) {
  require_same_plan(plan, data, ledger);
  if (ledger.get(LedgerTable::kMeta, kKey)) return;
  ledger.put(LedgerTable::kMeta, kKey, plan_fingerprint(plan, data));
}

}  // namespace ume
