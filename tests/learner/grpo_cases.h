#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "learner/grpo/grpo.h"
#include "tests/learner/fixtures.h"

namespace ume {

// The recorded policy update (tests/fixtures/parity/grpo): its groups, with
// rewards and prompts, and the checkpoint that it starts from.
struct GrpoCase {
  nlohmann::json json;
  ModelConfig model;
  std::map<std::string, torch::Tensor> tensors;
  BatchSlice slice;  // all groups
  std::vector<PreparedPrompt> prompts;
};
const GrpoCase& grpo_case();
NamedTensors grpo_case_weights();
GrpoConfig grpo_case_config();

struct GrpoRun {
  std::vector<StepMetrics> steps;  // one per optimiser step
  NamedTensors weights;
};

// `num_updates` updates on the same groups with `world_size` threads as ranks,
// which share the groups; the answers of all ranks.
std::vector<GrpoRun> run_grpo(const GrpoConfig& config,
                              int world_size,
                              int64_t num_updates);

}  // namespace ume
