#include "model/rotary.h"

namespace ume {
namespace {

// theta^(-2 j / dim) for j in [0, dim / 2), in fp32 like the reference.
torch::Tensor inverse_frequencies(int64_t dim,
                                  double theta,
                                  torch::Device device) {
  const auto exponents =
      torch::arange(0, dim, 2, torch::kInt64).to(torch::kFloat32) /
      static_cast<double>(dim);
  return (1.0 / torch::pow(theta, exponents)).to(device);
}

RotaryTable table_of(const torch::Tensor& angles, torch::ScalarType dtype) {
  return {angles.cos().to(dtype), angles.sin().to(dtype)};
}

// Heights and widths of one frame's patches, in groups that merge to a token.
void append_patch_positions(const MediaGrid& grid,
                            int64_t merge,
                            std::vector<int64_t>& height,
                            std::vector<int64_t>& width) {
  for (int64_t y = 0; y < grid[1]; y += merge) {
    for (int64_t x = 0; x < grid[2]; x += merge) {
      for (int64_t dy = 0; dy < merge; ++dy) {
        for (int64_t dx = 0; dx < merge; ++dx) {
          height.push_back(y + dy);
          width.push_back(x + dx);
        }
      }
    }
  }
}

}  // namespace

RotaryTable language_rotary(const torch::Tensor& positions,
                            const ModelConfig& config,
                            torch::ScalarType dtype) {
  const torch::NoGradGuard no_grad;
  const auto inverse = inverse_frequencies(config.head_dim(), config.rope_theta,
                                           positions.device());
  const auto places = positions.to(torch::kFloat32);
  std::vector<torch::Tensor> parts;
  int64_t first = 0;
  for (int64_t axis = 0; axis < 3; ++axis) {
    const int64_t count = config.mrope_section[static_cast<size_t>(axis)];
    parts.push_back(places[axis].unsqueeze(1) *
                    inverse.narrow(0, first, count).unsqueeze(0));
    first += count;
  }
  return table_of(torch::cat(parts, 1), dtype);
}

RotaryTable vision_rotary(const std::vector<MediaGrid>& grids,
                          const VisionConfig& vision,
                          const torch::TensorOptions& options) {
  const torch::NoGradGuard no_grad;
  std::vector<int64_t> height;
  std::vector<int64_t> width;
  for (const MediaGrid& grid : grids) {
    for (int64_t frame = 0; frame < grid[0]; ++frame) {
      append_patch_positions(grid, vision.merge_size, height, width);
    }
  }
  const auto inverse =
      inverse_frequencies(vision.head_dim() / 2, 10000.0, options.device());
  const auto angles = [&](const std::vector<int64_t>& places) {
    return torch::tensor(places, torch::kInt64)
               .to(options.device(), torch::kFloat32)
               .unsqueeze(1) *
           inverse.unsqueeze(0);
  };
  const auto dtype = c10::typeMetaToScalarType(options.dtype());
  return table_of(torch::cat({angles(height), angles(width)}, 1),
                  c10::promoteTypes(dtype, torch::kFloat32));
}

}  // namespace ume
