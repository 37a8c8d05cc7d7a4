#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/collective/collective.h"
#include "learner/checkpoint/checkpoint_manifest.h"
#include "learner/trained_model.h"

namespace ume {

// Where a run stands, as a checkpoint remembers it.
struct TrainingProgress {
  std::string phase;
  uint64_t step = 0;           // steps of the phase taken
  uint64_t run_update = 0;     // updates since the run began (PolicyVersion)
  uint64_t data_position = 0;  // next record of the phase, epochs included
  bool operator==(const TrainingProgress&) const = default;
};

struct SaveCheckpointOptions {
  // Also write FOLDER/model, the hub's layout, in this dtype.
  bool export_model = false;
  torch::ScalarType export_dtype = torch::kBFloat16;
  std::string companions;  // see SaveModelOptions
  int64_t keep = 2;        // see CheckpointConfig
  // The checkpoint that the run would go back to, which is kept.
  std::optional<uint64_t> previous_step = std::nullopt;
};

// Writes the training state as FOLDER: rank 0 writes, all ranks wait for it.
//   weights.safetensors    all tensors, fp32, hub names
//   optimizer.safetensors  exp_avg.NAME, exp_avg_sq.NAME of trainable tensors
//   config.json            the model's
//   state.json             progress and counters
//   model/                 the export
//   manifest.json          sizes and hashes; last
// in a folder beside it, which is flushed to disk and renamed; then `latest`
// beside it names it and older ones go. Writing it again replaces it. Ranks
// whose weights differ are refused (InvalidInput).
// collective: its deadline is the longest time that rank 0 may take.
// Returns the manifest, the same on all ranks. Throws IoError on all ranks when
// rank 0 could not write; nothing under the final name has changed then.
CheckpointManifest save_checkpoint(const std::string& folder,
                                   TrainedModel& model,
                                   const TrainingProgress& progress,
                                   const SaveCheckpointOptions& options,
                                   Collective& collective);

// Why the checkpoint cannot be loaded; nothing when every file is as its
// manifest says. All ranks look together, and find damage when one does. Throws
// ConfigError when it is of another version, IoError when the disk is at fault.
std::optional<std::string> find_damage(const std::string& folder,
                                       Collective& collective);

// Puts a checkpoint without damage into `model`, whatever world size wrote it.
// Moments of tensors that the checkpoint did not train start at zero. Throws
// InvalidInput naming file and tensor when it is of another model.
TrainingProgress load_checkpoint(const std::string& folder,
                                 TrainedModel& model);

}  // namespace ume
