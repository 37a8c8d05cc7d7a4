#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/types/record.h"
#include "coordinator/ledger/ledger_rows.h"

namespace ume {

// The trajectories of one update, as a file of the run's folder holds them.
struct UpdateExport {
  std::string phase;
  uint64_t step = 0;
  std::vector<GroupRow> rows;              // consumed groups, in order
  std::vector<GroupResult> results;        // [rows]
  std::vector<PromptRecord> prompts;       // [rows]
  std::vector<std::string> sources;        // [rows]
  std::vector<std::string> duplicate_ids;  // [rows]; empty texts: none
  std::vector<RewardRow> rewards;
};

// Makes the update's trajectories durable outside the ledger. May be called
// again for the same update, with the same content, after a crash.
using TrajectoryExporter = std::function<void(const UpdateExport&)>;

// One JSON object a line and trajectory (docs/formats/trajectories.md): a
// superset of what `ume reward` reads.
std::string trajectory_lines(const UpdateExport& update);

// Writes RUN_DIR/trajectories/PHASE/step_000012.jsonl.zst (steps from 0),
// atomically. Throws IoError.
TrajectoryExporter file_exporter(const std::string& run_dir);

}  // namespace ume
