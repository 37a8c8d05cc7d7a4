#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/config/model_config.h"

namespace ume {

// The classic hub name of a stored tensor: transformers 5 nests both towers
// under "model.". Other names are returned as they are.
std::string classic_weight_name(std::string_view stored);

// How stored tensors differ from what a config asks for.
struct WeightProblems {
  std::vector<std::string> missing;
  std::vector<std::string> unexpected;
  std::vector<std::string> misshaped;  // "NAME is [2, 3], expected [3, 2]"

  bool empty() const;
  // "; missing: a, b, c and 12 more; unexpected: d"; empty when empty().
  std::string text() const;
};

// shapes: of the stored tensors, by classic name.
WeightProblems compare_weights(
    const ModelConfig& config,
    const std::map<std::string, std::vector<int64_t>>& shapes);

}  // namespace ume
