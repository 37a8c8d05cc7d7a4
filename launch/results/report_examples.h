#pragma once

#include "actors/run/run_config.h"
#include "actors/run/run_directory.h"

namespace ume {

// Chooses a few queries that must be worked out, pictures first, of which GRPO
// changed the answer, and writes eval/examples.json: what the model said before
// and after, and the configured reward of both with the examples as each
// other's negatives. Does nothing when a stage is missing.
void write_examples(const RunConfig& config, const RunDirectory& directory);

}  // namespace ume
