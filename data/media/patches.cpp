#include "data/media/patches.h"

#include <string>

#include "common/error/error.h"
#include "data/media/resize.h"

namespace ume {
namespace {

// The normalised value of every byte of every channel: float32 of the product
// in double, then two float32 operations, as NumPy computes them.
using ValueTable = std::array<std::array<float, 256>, 3>;

ValueTable value_table(const PreprocessorConfig& config) {
  ValueTable table;
  for (size_t c = 0; c < 3; ++c) {
    const auto mean = static_cast<float>(config.mean[c]);
    const auto std = static_cast<float>(config.std[c]);
    for (int byte = 0; byte < 256; ++byte) {
      const auto value = static_cast<float>(byte * config.rescale_factor);
      table[c][byte] = (value - mean) / std;
    }
  }
  return table;
}

// Where the patch rows of one frame go.
struct PatchLayout {
  int64_t patch = 0;
  int64_t merge = 0;
  int64_t grid_width = 0;
  int64_t patch_dim = 0;
  int64_t channel_stride = 0;  // temporal_patch * patch * patch

  // Row of the patch at (y, x), in patches, inside its temporal block.
  int64_t row(int64_t y, int64_t x) const {
    const int64_t block = (y / merge) * (grid_width / merge) + x / merge;
    return block * merge * merge + (y % merge) * merge + x % merge;
  }
};

// out: the frame's slot in the first patch row of its temporal block.
void write_frame(const RgbImage& frame,
                 const PatchLayout& layout,
                 const ValueTable& table,
                 float* out) {
  for (int64_t y = 0; y < frame.height; ++y) {
    const uint8_t* rgb = frame.pixels.data() + y * frame.width * 3;
    for (int64_t px = 0; px < frame.width / layout.patch; ++px) {
      float* to = out + layout.row(y / layout.patch, px) * layout.patch_dim +
                  (y % layout.patch) * layout.patch;
      for (int64_t x = 0; x < layout.patch; ++x, ++to, rgb += 3) {
        for (int64_t c = 0; c < 3; ++c) {
          to[c * layout.channel_stride] = table[c][rgb[c]];
        }
      }
    }
  }
}

void check_frames(std::span<const RgbImage> frames, int64_t factor) {
  if (frames.empty()) throw InvalidInput("a video without frames");
  for (const RgbImage& frame : frames) {
    if (frame.height != frames[0].height || frame.width != frames[0].width ||
        frame.height <= 0 || frame.width <= 0 || frame.height % factor != 0 ||
        frame.width % factor != 0) {
      throw InvalidInput("frame of " + std::to_string(frame.width) + "x" +
                         std::to_string(frame.height) +
                         ": expected sides in multiples of " +
                         std::to_string(factor) + ", the same for all frames");
    }
  }
}

}  // namespace

MediaPatches cut_patches(std::span<const RgbImage> frames,
                         const PreprocessorConfig& config) {
  check_frames(frames, config.factor());
  const int64_t depth = config.temporal_patch_size;
  const int64_t num_frames = static_cast<int64_t>(frames.size());
  MediaPatches out;
  out.grid = {(num_frames + depth - 1) / depth,
              frames[0].height / config.patch_size,
              frames[0].width / config.patch_size};
  out.values.resize(out.num_patches() * config.patch_dim());

  const int64_t frame_values = config.patch_size * config.patch_size;
  const PatchLayout layout{config.patch_size, config.merge_size, out.grid[2],
                           config.patch_dim(), depth * frame_values};
  const int64_t block_values = out.grid[1] * out.grid[2] * config.patch_dim();
  const ValueTable table = value_table(config);
  for (int64_t i = 0; i < num_frames; ++i) {
    // The last frame also fills what is left of its block.
    const int64_t end = i + 1 == num_frames ? out.grid[0] * depth : i + 1;
    for (int64_t slot = i; slot < end; ++slot) {
      write_frame(frames[i], layout, table,
                  out.values.data() + slot / depth * block_values +
                      slot % depth * frame_values);
    }
  }
  return out;
}

MediaPatches make_patches(std::span<const RgbImage> frames,
                          const PreprocessorConfig& config,
                          const PixelLimits& limits,
                          ResizeRule rule) {
  if (frames.empty()) throw InvalidInput("a video without frames");
  const PictureSize size = smart_resize({frames[0].height, frames[0].width},
                                        config.factor(), limits, rule);
  std::vector<RgbImage> resized;
  resized.reserve(frames.size());
  for (const RgbImage& frame : frames) {
    resized.push_back(resize_bicubic(frame, size.height, size.width));
  }
  return cut_patches(resized, config);
}

}  // namespace ume
