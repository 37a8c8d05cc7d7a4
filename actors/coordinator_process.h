#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "actors/run/run_config.h"
#include "actors/run/run_directory.h"
#include "coordinator/coordinator.h"

namespace ume {

// The training phases, without their data. `model_dim` is the model's. Throws
// ConfigError for a cohort that fits no message.
std::vector<PhasePlan> plan_phases(const RunConfig& config, int64_t model_dim);

// What the coordinator is told to do, from the configuration. `model_dim` and
// `vocab_size` are the model's.
RunPlan make_run_plan(const RunConfig& config,
                      const RunDirectory& directory,
                      int64_t model_dim,
                      int64_t vocab_size);

// The pairs of each phase, read from the configured files.
PhaseData load_phase_data(const RunConfig& config,
                          const std::vector<PhasePlan>& phases);

// One sentence for each source that reward.sources names and the data does not
// have, with the nearest one that it has.
std::vector<std::string> unknown_sources(const RewardConfig& reward,
                                         const PhaseData& data);

// The coordinator's process: ledger, state machine, ZeroMQ server, web page.
// consumes: requests; produces: replies, endpoints.json, events.jsonl,
// metrics.jsonl, tensorboard/, trajectories/. Waits for: requests. Returns when
// `stop` is set, or when the run can not go on (its status says why).
void run_coordinator_role(const RunDirectory& directory,
                          const std::atomic<bool>& stop);

}  // namespace ume
