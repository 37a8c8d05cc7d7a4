#include "model/weights.h"

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numbers>
#include <optional>
#include <sstream>

#include "common/error/error.h"
#include "common/tensorfile/atomic_file.h"
#include "common/tensorfile/safetensors.h"

namespace ume {
namespace {

// transformers 5 nests both towers under "model.".
std::string classic_name(const std::string& name) {
  constexpr std::string_view kLanguage = "model.language_model.";
  constexpr std::string_view kVisual = "model.visual.";
  if (name.starts_with(kLanguage)) {
    return "model." + name.substr(kLanguage.size());
  }
  if (name.starts_with(kVisual)) {
    return "visual." + name.substr(kVisual.size());
  }
  return name;
}

std::optional<torch::ScalarType> float_type(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return torch::kFloat32;
    case DType::kBF16:
      return torch::kBFloat16;
    case DType::kF16:
      return torch::kFloat16;
    default:
      return std::nullopt;
  }
}

torch::Tensor to_tensor(const TensorView& view,
                        const std::string& name,
                        torch::ScalarType dtype) {
  const auto stored = float_type(view.dtype);
  if (!stored) {
    throw InvalidInput("tensor \"" + name + "\" is stored as " +
                       std::string(dtype_name(view.dtype)) +
                       ", expected F32, BF16 or F16");
  }
  // Copied: a file's tensors need not be aligned.
  auto tensor = torch::empty(view.shape, *stored);
  if (!view.bytes.empty()) {
    std::memcpy(tensor.data_ptr(), view.bytes.data(), view.bytes.size());
  }
  return tensor.to(dtype);
}

uint64_t mix(uint64_t x) {  // splitmix64's output function
  x += 0x9e3779b97f4a7c15ull;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ x >> 27) * 0x94d049bb133111ebull;
  return x ^ x >> 31;
}

uint64_t hash_name(const std::string& name) {  // FNV-1a
  uint64_t hash = 0xcbf29ce484222325ull;
  for (const char c : name) {
    hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3ull;
  }
  return hash;
}

// Element i is a function of (seed, name, i) alone: Box-Muller over counters.
void fill_normal(torch::Tensor& tensor, uint64_t key, double deviation) {
  float* out = tensor.data_ptr<float>();
  constexpr double kUnit = 1.0 / 9007199254740992.0;  // 2^-53
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    const uint64_t counter = key + 2 * static_cast<uint64_t>(i);
    const double u = (static_cast<double>(mix(counter) >> 11) + 1.0) * kUnit;
    const double v = static_cast<double>(mix(counter + 1) >> 11) * kUnit;
    out[i] = static_cast<float>(deviation * std::sqrt(-2.0 * std::log(u)) *
                                std::cos(2.0 * std::numbers::pi * v));
  }
}

bool is_norm(const std::string& name) {
  return name.find("norm") != std::string::npos ||
         name.find("ln_q") != std::string::npos;
}

}  // namespace

NamedTensors load_weights(const std::string& folder,
                          const ModelConfig& config,
                          torch::ScalarType dtype) {
  const TensorFile file = TensorFile::open_folder(folder);
  NamedTensors weights;
  for (const auto& [stored_name, view] : file.tensors()) {
    const std::string name = classic_name(stored_name);
    if (!weights.emplace(name, to_tensor(view, stored_name, dtype)).second) {
      throw InvalidInput(folder + ": tensor \"" + name +
                         "\" is there under two names");
    }
  }
  // Some tools store the head of a tied model too.
  const auto head = weights.find("lm_head.weight");
  const auto input = weights.find("model.embed_tokens.weight");
  if (config.tied_head && head != weights.end() && input != weights.end() &&
      torch::equal(head->second, input->second)) {
    weights.erase(head);
  }
  check_weights(config, weights, folder);
  return weights;
}

NamedTensors init_weights(const ModelConfig& config, uint64_t seed) {
  NamedTensors weights;
  for (const WeightSpec& spec : weight_specs(config)) {
    auto tensor = torch::zeros(spec.shape, torch::kFloat32);
    if (spec.name.ends_with(".weight")) {
      if (is_norm(spec.name)) {
        tensor.fill_(1.0);
      } else {
        fill_normal(tensor, mix(mix(seed) ^ hash_name(spec.name)),
                    config.initializer_range);
      }
    }
    weights.emplace(spec.name, tensor);
  }
  return weights;
}

}  // namespace ume
