#pragma once

#include <string>
#include <vector>

#include "common/weights/weight_channel.h"
#include "model/weights/weights.h"

namespace ume {

// A model's tensors as a weight channel takes them, in order of name. The bytes
// are the tensors' own: valid while these live, and changed by the next step.
// weights: contiguous CPU tensors, fp32, bf16 or fp16.
std::vector<WeightTensor> weight_list(const NamedTensors& weights);

// The hash that WeightManifest carries for these weights (common/weights).
std::string hash_weights(const NamedTensors& weights);

}  // namespace ume
