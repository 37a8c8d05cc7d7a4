#include "tests/learner/fixtures.h"

#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "common/tensorfile/safetensors.h"

namespace ume {
namespace {

torch::ScalarType type_of(DType dtype) {
  if (dtype == DType::kF32) return torch::kFloat32;
  if (dtype == DType::kI64) return torch::kInt64;
  if (dtype == DType::kI32) return torch::kInt32;
  throw std::runtime_error("fixture of another dtype");
}

void append_medium(PreparedPrompt& prompt,
                   MediaKind kind,
                   int64_t first_token,
                   const torch::Tensor& grid,
                   const torch::Tensor& patches) {
  MediaSpan span{.kind = kind, .first_token = first_token};
  for (int i = 0; i < 3; ++i) span.grid[i] = grid[i].item<int64_t>();
  span.num_tokens = span.grid[0] * span.grid[1] * span.grid[2] / 4;
  span.seconds_per_grid = 1.0;
  const torch::Tensor flat = patches.contiguous();
  const float* data = flat.const_data_ptr<float>();
  prompt.patches.insert(prompt.patches.end(), data, data + flat.numel());
  prompt.num_patches += flat.size(0);
  prompt.patch_dim = flat.size(1);
  prompt.media.push_back(span);
}

}  // namespace

std::string parity_path(const std::string& name) {
  return "tests/fixtures/parity/" + name;
}

nlohmann::json parity_json(const std::string& name) {
  std::ifstream file(parity_path(name));
  return nlohmann::json::parse(file);
}

std::map<std::string, torch::Tensor> parity_tensors(const std::string& name) {
  const TensorFile file = TensorFile::open(parity_path(name));
  std::map<std::string, torch::Tensor> tensors;
  for (const auto& [key, view] : file.tensors()) {
    torch::Tensor tensor = torch::empty(view.shape, type_of(view.dtype));
    std::memcpy(tensor.mutable_data_ptr(), view.bytes.data(),
                view.bytes.size());
    tensors[key] = tensor;
  }
  return tensors;
}

PreparedPrompt prompt_of(const std::vector<int64_t>& ids,
                         const ModelConfig& config,
                         const std::vector<torch::Tensor>& image_grids,
                         const std::vector<torch::Tensor>& image_patches,
                         const std::vector<torch::Tensor>& video_grids,
                         const std::vector<torch::Tensor>& video_patches) {
  PreparedPrompt prompt;
  prompt.ids = ids;
  size_t image = 0;
  size_t video = 0;
  for (size_t t = 0; t < ids.size();) {
    const bool is_image = ids[t] == config.tokens.image;
    const bool is_video = ids[t] == config.tokens.video;
    if (!is_image && !is_video) {
      ++t;
      continue;
    }
    if (is_image) {
      append_medium(prompt, MediaKind::kImage, static_cast<int64_t>(t),
                    image_grids.at(image), image_patches.at(image));
      ++image;
    } else {
      append_medium(prompt, MediaKind::kVideo, static_cast<int64_t>(t),
                    video_grids.at(video), video_patches.at(video));
      ++video;
    }
    t += static_cast<size_t>(prompt.media.back().num_tokens);
  }
  prompt.digest = "digest of the fixture";
  return prompt;
}

double distance(const torch::Tensor& a, const torch::Tensor& b) {
  return (a.detach().to(torch::kFloat64) - b.detach().to(torch::kFloat64))
      .norm()
      .item<double>();
}

}  // namespace ume
