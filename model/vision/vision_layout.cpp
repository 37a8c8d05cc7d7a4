#include <algorithm>
#include <string>

#include "common/error/error.h"
#include "model/vision/vision_tower.h"

namespace ume {
namespace {

void check_grids(const std::vector<MediaGrid>& grids, int64_t merge) {
  constexpr int64_t kMost = 1 << 20;
  for (const MediaGrid& grid : grids) {
    const bool good =
        std::all_of(grid.begin(), grid.end(),
                    [](int64_t size) { return size >= 1 && size <= kMost; }) &&
        grid[1] % merge == 0 && grid[2] % merge == 0;
    if (!good) {
      throw InvalidInput(
          "grid " + std::to_string(grid[0]) + "x" + std::to_string(grid[1]) +
          "x" + std::to_string(grid[2]) +
          ": sides must be positive multiples of " + std::to_string(merge));
    }
  }
}

// Every frame is a sequence of its own.
std::vector<PackedSequence> frame_sequences(
    const std::vector<MediaGrid>& grids) {
  std::vector<PackedSequence> out;
  int64_t row = 0;
  for (const MediaGrid& grid : grids) {
    for (int64_t frame = 0; frame < grid[0]; ++frame) {
      const int64_t end = row + grid[1] * grid[2];
      out.push_back({{row, end}, {}});
      row = end;
    }
  }
  return out;
}

// Tokens in the order of windows, and the number of tokens of each window.
struct Windows {
  std::vector<int64_t> order;
  std::vector<int64_t> sizes;
};

void append_frame_windows(int64_t first_token,
                          int64_t height,
                          int64_t width,
                          int64_t side,
                          Windows& out) {
  for (int64_t y = 0; y < height; y += side) {
    for (int64_t x = 0; x < width; x += side) {
      const int64_t bottom = std::min(height, y + side);
      const int64_t right = std::min(width, x + side);
      for (int64_t h = y; h < bottom; ++h) {
        for (int64_t w = x; w < right; ++w) {
          out.order.push_back(first_token + h * width + w);
        }
      }
      out.sizes.push_back((bottom - y) * (right - x));
    }
  }
}

Windows form_windows(const std::vector<MediaGrid>& grids,
                     const VisionConfig& vision) {
  const int64_t side =
      vision.window_size / vision.merge_size / vision.patch_size;
  Windows out;
  int64_t token = 0;
  for (const MediaGrid& grid : grids) {
    const int64_t height = grid[1] / vision.merge_size;
    const int64_t width = grid[2] / vision.merge_size;
    for (int64_t frame = 0; frame < grid[0]; ++frame) {
      append_frame_windows(token, height, width, side, out);
      token += height * width;
    }
  }
  return out;
}

// Reorders rows in groups of `group`.
torch::Tensor reorder(const torch::Tensor& rows,
                      const torch::Tensor& order,
                      int64_t group) {
  return rows.view({-1, group * rows.size(1)})
      .index_select(0, order)
      .view({rows.size(0), rows.size(1)});
}

void add_windows(const std::vector<MediaGrid>& grids,
                 const VisionConfig& vision,
                 torch::Device device,
                 VisionLayout& layout) {
  const Windows windows = form_windows(grids, vision);
  const int64_t group = vision.merge_size * vision.merge_size;
  std::vector<PackedSequence> sequences;
  int64_t row = 0;
  for (const int64_t size : windows.sizes) {
    sequences.push_back({{row, row + size * group}, {}});
    row += size * group;
  }
  layout.windows = plan_attention(sequences, false, device);
  const auto order = torch::tensor(windows.order, torch::kInt64).to(device);
  layout.token_order = order;
  layout.token_place = torch::argsort(order);
  layout.rotary.cos = reorder(layout.rotary.cos, order, group);
  layout.rotary.sin = reorder(layout.rotary.sin, order, group);
}

}  // namespace

VisionLayout lay_out_media(const std::vector<MediaGrid>& grids,
                           const ModelConfig& config,
                           const torch::TensorOptions& options) {
  check_grids(grids, config.vision.merge_size);
  VisionLayout layout;
  layout.rotary = vision_rotary(grids, config.vision, options);
  layout.frames =
      plan_attention(frame_sequences(grids), false, options.device());
  if (config.family == ModelFamily::kQwen25VL) {
    add_windows(grids, config.vision, options.device(), layout);
  }
  return layout;
}

}  // namespace ume
