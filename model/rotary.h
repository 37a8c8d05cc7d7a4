#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "kernels/torch.h"
#include "model/model_config.h"

namespace ume {

using MediaGrid = std::array<int64_t, 3>;  // temporal, height, width; patches

// Angles of a rotary embedding, one column per frequency; dimension i of a
// head turns with dimension i + head_dim / 2.
struct RotaryTable {
  torch::Tensor cos;  // [num_rows, head_dim / 2]
  torch::Tensor sin;  // [num_rows, head_dim / 2]
};

// positions: [3, num_rows] int64. Frequency j follows the axis to whose part of
// mrope_section it belongs.
RotaryTable language_rotary(const torch::Tensor& positions,
                            const ModelConfig& config,
                            torch::ScalarType dtype);

// Rows in the order of the patches: groups of merge_size x merge_size patches.
// The first half of the frequencies follows the height, the second the width.
// At least fp32, as the reference turns a picture's rows, whatever `options`.
RotaryTable vision_rotary(const std::vector<MediaGrid>& grids,
                          const VisionConfig& vision,
                          const torch::TensorOptions& options);

}  // namespace ume
