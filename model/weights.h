#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "kernels/torch.h"
#include "model/model_config.h"

namespace ume {

// Parameters under their classic hub names ("model.layers.0.…",
// "visual.blocks.0.…"; "lm_head.weight" only when the head is not tied).
using NamedTensors = std::map<std::string, torch::Tensor>;

struct WeightSpec {
  std::string name;  // classic hub name
  std::vector<int64_t> shape;
};

// Every parameter of a model with this config, in order of name.
std::vector<WeightSpec> weight_specs(const ModelConfig& config);

// Throws InvalidInput, naming up to a few of them, when parameters are missing,
// unexpected or of another shape than the config asks for.
void check_weights(const ModelConfig& config,
                   const NamedTensors& weights,
                   const std::string& where);

// Reads all parameters from a model folder of either layout, in one file or in
// shards, stored as F32, F16 or BF16; converts to `dtype`. Throws InvalidInput
// naming missing, unexpected and mis-shaped tensors.
NamedTensors load_weights(const std::string& folder,
                          const ModelConfig& config,
                          torch::ScalarType dtype = torch::kFloat32);

// Normal weights with standard deviation config.initializer_range, zero biases,
// unit norms; a pure function of config and seed. fp32.
NamedTensors init_weights(const ModelConfig& config, uint64_t seed);

struct SaveModelOptions {
  torch::ScalarType dtype = torch::kBFloat16;  // of the file; or fp16, fp32
  // Folder whose tokenizer*.json, preprocessor_config.json,
  // generation_config.json, chat_template.* (and what else the tokenizer
  // needs) are copied; empty: none.
  std::string companions;
};

// Writes a folder that the reference libraries load: config.json,
// model.safetensors (in shards beyond 5 GB) and the companions. Creates the
// folder. Same input, same bytes. Throws IoError, or InvalidInput when weights
// and config disagree.
void save_model(const std::string& folder,
                const ModelConfig& config,
                const NamedTensors& weights,
                const SaveModelOptions& options = {});

}  // namespace ume
