#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "common/types/prepared_prompt.h"
#include "kernels/torch.h"
#include "model/config/model_config.h"
#include "model/weights/weights.h"

// Reading of the recorded reference cases (tests/fixtures/parity).
namespace ume {

std::string parity_path(const std::string& name);
nlohmann::json parity_json(const std::string& name);
// All tensors of a safetensors file below the parity folder, copied.
std::map<std::string, torch::Tensor> parity_tensors(const std::string& name);

// A prompt from ids, the grids of its media in order, and their patches.
// image_token, video_token: runs of these ids are the media's places.
PreparedPrompt prompt_of(const std::vector<int64_t>& ids,
                         const ModelConfig& config,
                         const std::vector<torch::Tensor>& image_grids,
                         const std::vector<torch::Tensor>& image_patches,
                         const std::vector<torch::Tensor>& video_grids = {},
                         const std::vector<torch::Tensor>& video_patches = {});

// ||a - b|| in double.
double distance(const torch::Tensor& a, const torch::Tensor& b);

}  // namespace ume
