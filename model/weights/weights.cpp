#include "model/weights/weights.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "common/error/error.h"
#include "model/weights/model_writer.h"
#include "model/weights/weight_problems.h"

namespace ume {
namespace {

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

// Element i is a function of (key, i) alone: Box-Muller over counters.
float normal_at(uint64_t key, int64_t i, double deviation) {
  constexpr double kUnit = 1.0 / 9007199254740992.0;  // 2^-53
  const uint64_t counter = key + 2 * static_cast<uint64_t>(i);
  const double u = (static_cast<double>(mix(counter) >> 11) + 1.0) * kUnit;
  const double v = static_cast<double>(mix(counter + 1) >> 11) * kUnit;
  return static_cast<float>(deviation * std::sqrt(-2.0 * std::log(u)) *
                            std::cos(2.0 * std::numbers::pi * v));
}

bool is_norm(const std::string& name) {
  return name.find("norm") != std::string::npos ||
         name.find("ln_q") != std::string::npos;
}

}  // namespace

void check_weights(const ModelConfig& config,
                   const NamedTensors& weights,
                   const std::string& where) {
  std::map<std::string, std::vector<int64_t>> shapes;
  for (const auto& [name, tensor] : weights) {
    shapes.emplace(name, tensor.sizes().vec());
  }
  const WeightProblems problems = compare_weights(config, shapes);
  if (problems.empty()) return;
  throw InvalidInput(where + ": tensors do not fit the config" +
                     problems.text());
}

WeightReader init_reader(const ModelConfig& config, uint64_t seed) {
  const double deviation = config.initializer_range;
  return [deviation, seed](const WeightSpec& spec, int64_t first,
                           std::span<float> out) {
    if (!spec.name.ends_with(".weight") || is_norm(spec.name)) {
      const float value = spec.name.ends_with(".weight") ? 1.0f : 0.0f;
      std::fill(out.begin(), out.end(), value);
      return;
    }
    const uint64_t key = mix(mix(seed) ^ hash_name(spec.name));
    constexpr int64_t kGrain = 1 << 14;
    at::parallel_for(0, static_cast<int64_t>(out.size()), kGrain,
                     [&](int64_t begin, int64_t end) {
                       for (int64_t i = begin; i < end; ++i) {
                         out[static_cast<size_t>(i)] =
                             normal_at(key, first + i, deviation);
                       }
                     });
  };
}

WeightReader with_copied_rows(WeightReader read,
                              std::vector<std::pair<int64_t, int64_t>> rows) {
  return [read = std::move(read), rows = std::move(rows)](
             const WeightSpec& spec, int64_t first, std::span<float> out) {
    read(spec, first, out);
    if (spec.name != "model.embed_tokens.weight") return;
    const int64_t width = spec.shape.back();
    const int64_t end = first + static_cast<int64_t>(out.size());
    for (const auto& [to, from] : rows) {
      // The part of the row that lies in this piece.
      const int64_t begin = std::max(first, to * width);
      const int64_t stop = std::min(end, (to + 1) * width);
      if (begin >= stop) continue;
      read(spec, begin - to * width + from * width,
           out.subspan(static_cast<size_t>(begin - first),
                       static_cast<size_t>(stop - begin)));
    }
  };
}

NamedTensors init_weights(const ModelConfig& config, uint64_t seed) {
  const WeightReader read = init_reader(config, seed);
  NamedTensors weights;
  for (const WeightSpec& spec : weight_specs(config)) {
    auto tensor = torch::empty(spec.shape, torch::kFloat32);
    read(spec, 0,
         {tensor.data_ptr<float>(), static_cast<size_t>(tensor.numel())});
    weights.emplace(spec.name, tensor);
  }
  return weights;
}

}  // namespace ume
