#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "data/media/decode_image.h"
#include "data/media/preprocessor_config.h"

namespace ume {

// One picture or video as the vision tower takes it.
struct MediaPatches {
  std::array<int64_t, 3> grid{};  // temporal, height, width, in patches
  // [t*h*w, patch_dim], row-major. Rows: temporal block, then merge blocks in
  // raster order, inside a block rows then columns. Columns: channel, frame,
  // row, column.
  std::vector<float> values;

  int64_t num_patches() const { return grid[0] * grid[1] * grid[2]; }
};

// Rescales, normalises and cuts pictures that already have their final size
// into patches. A still picture fills all frames of its temporal patch; the
// last frame of a video is repeated to fill its last one.
//
// frames: one for a picture, at least one for a video, all of one size, whose
// sides are multiples of config.factor().
// Throws InvalidInput if that does not hold.
// Source: tests/fixtures/parity/image_processor (bit-identical pixel values).
MediaPatches cut_patches(std::span<const RgbImage> frames,
                         const PreprocessorConfig& config);

// smart_resize and resize_bicubic, then cut_patches. All frames take the size
// chosen for the first.
//
// Throws InvalidInput for no frames and for a size that smart_resize refuses.
MediaPatches make_patches(std::span<const RgbImage> frames,
                          const PreprocessorConfig& config,
                          const PixelLimits& limits,
                          ResizeRule rule = ResizeRule::kTransformers5);

}  // namespace ume
