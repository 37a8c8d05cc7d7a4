#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/types/record.h"
#include "common/types/sampling.h"

namespace ume {

enum class PhaseKind : uint8_t { kSft = 0, kGrpo = 1 };

// One training phase, as the coordinator needs to know it.
struct PhasePlan {
  std::string name;  // folder name: letters, digits, '-' and '_'
  PhaseKind kind = PhaseKind::kSft;
  uint64_t num_steps = 0;
  uint64_t checkpoint_every = 50;  // steps; the last step always has one
  // grpo only:
  int64_t pairs_per_cohort = 16;
  int64_t cohorts_per_update = 2;
  int64_t group_size = 8;
  SamplingParams sampling;
};

// What a run is to do: constant from its start to its end, restarts included.
struct RunPlan {
  std::string run_id;
  uint64_t run_seed = 0;
  std::string run_dir;        // of checkpoints/ and trajectories/
  std::string initial_model;  // folder that the first phase starts from
  // Where a phase's last checkpoint holds the export that the next phase starts
  // from; empty: the checkpoint folder itself.
  std::string export_subfolder = "model";
  int64_t embedding_dim = 0;  // 0: fixed by the first accepted result
  int64_t vocab_size = 0;     // 0: token ids are not checked
  std::vector<PhasePlan> phases;
};

// The pairs of each phase in file order; empty for sft phases.
using PhaseData = std::vector<std::vector<PairRecord>>;

// Pairs that one update consumes.
int64_t pairs_per_update(const PhasePlan& phase);

// Updates of the run before phase `index`.
uint64_t base_update(const RunPlan& plan, size_t index);

// Cohorts of the run before phase `index`; cohort ids count over the run.
uint64_t base_cohort(const RunPlan& plan, size_t index);

// Dispatch indices of one update's pairs in order: epoch * size + position.
// Updates take the data in file order; pairs at the end of an epoch that do not
// fill an update are left out, as in the published sampler.
std::vector<uint64_t> dispatch_indices(const PhasePlan& phase,
                                       uint64_t data_size,
                                       uint64_t step);

// `checkpoints/PHASE/step_000050`, relative to the run's folder.
std::string checkpoint_folder(const PhasePlan& phase, uint64_t step);

// Throws ConfigError naming the phase and field that cannot work.
void validate_plan(const RunPlan& plan, const PhaseData& data);

// What must be equal when a run is continued, one "name: value" a line. The
// last phase's length and the checkpoint intervals may change.
std::string plan_fingerprint(const RunPlan& plan, const PhaseData& data);

}  // namespace ume
