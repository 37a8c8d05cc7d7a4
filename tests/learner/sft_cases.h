#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <vector>

#include "learner/sft/sft.h"
#include "tests/learner/fixtures.h"

namespace ume {

// The recorded SFT batch (tests/fixtures/parity/sft) and the checkpoint that it
// starts from.
struct SftCase {
  nlohmann::json json;
  ModelConfig model;
  EmbeddingTokens tokens;
  std::vector<SftPair> pairs;
};
const SftCase& sft_case();
// A fresh copy of that checkpoint's weights.
NamedTensors sft_case_weights();

// The configuration of a recorded run.
SftConfig sft_case_config(const nlohmann::json& run);

struct SftRun {
  std::vector<StepMetrics> steps;
  NamedTensors weights;    // after the last step
  NamedTensors gradients;  // of the first step, before clipping
};

// Trains `num_steps` on the case's batch, with `world_size` threads as ranks;
// the answers of all ranks.
std::vector<SftRun> run_sft(const SftConfig& config,
                            int world_size,
                            int64_t num_steps);

}  // namespace ume
