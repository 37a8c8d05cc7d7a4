#include "learner/optimizer/parameters.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "common/error/check.h"
#include "common/error/error.h"

namespace ume {
namespace {

constexpr std::string_view kWeightSuffix = ".weight";

// The published grouping: no decay for biases and LayerNorm parameters. A
// LayerNorm scale is a vector that has a bias beside it; an RMSNorm scale has
// none and decays.
bool decays(const std::string& name, const NamedTensors& weights) {
  if (!name.ends_with(kWeightSuffix)) return false;
  if (weights.at(name).dim() != 1) return true;
  const std::string stem = name.substr(0, name.size() - kWeightSuffix.size());
  return !weights.contains(stem + ".bias");
}

}  // namespace

Parameters::Parameters(NamedTensors weights,
                       const std::function<bool(const std::string&)>& trainable)
    : tensors_(std::move(weights)) {
  for (const auto& [name, tensor] : tensors_) {
    UME_CHECK(tensor.scalar_type() == torch::kFloat32, "fp32 weights");
    if (!trainable(name)) continue;
    slots_.push_back({.name = name,
                      .shape = tensor.sizes().vec(),
                      .count = tensor.numel(),
                      .decays = decays(name, tensors_)});
  }
  if (slots_.empty()) {
    throw ConfigError("every tensor of the model is frozen, nothing to train");
  }
  std::stable_partition(slots_.begin(), slots_.end(),
                        [](const ParameterSlot& s) { return s.decays; });
  int64_t total = 0;
  for (ParameterSlot& slot : slots_) {
    slot.offset = total;
    total += slot.count;
    if (slot.decays) num_decaying_ = total;
  }
  values_ = torch::empty({total}, torch::kFloat32);
  gradients_ = torch::zeros({total}, torch::kFloat32);
  const torch::NoGradGuard no_grad;
  for (const ParameterSlot& slot : slots_) {
    torch::Tensor leaf = view(values_, slot);
    leaf.copy_(tensors_.at(slot.name));
    leaf = leaf.detach().requires_grad_(true);
    leaf.mutable_grad() = view(gradients_, slot);
    tensors_.at(slot.name) = leaf;
  }
}

void Parameters::zero_gradients() {
  gradients_.zero_();
}

torch::Tensor Parameters::view(const torch::Tensor& flat,
                               const ParameterSlot& slot) {
  return flat.narrow(0, slot.offset, slot.count).view(slot.shape);
}

bool is_trainable(const std::string& name,
                  bool freeze_vision,
                  bool freeze_merger) {
  if (name.starts_with("visual.merger.")) return !freeze_merger;
  if (name.starts_with("visual.")) return !freeze_vision;
  return true;
}

}  // namespace ume
