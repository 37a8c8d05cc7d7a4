#pragma once

#include <cstdint>

namespace ume {

// Which library's rule gives the size of a small or thin picture; for ordinary
// ones all three agree
// (tests/fixtures/parity/image_processor/geometry.json).
enum class ResizeRule : uint8_t {
  kTransformers5,    // the default: enlarges whatever is too small
  kTransformers450,  // the published training: refuses sides below a block
  kQwenVlUtils,      // the reader before it in published RL and evaluation
};

// Bounds on height * width after resizing.
struct PixelLimits {
  int64_t min_pixels = 56 * 56;
  int64_t max_pixels = 28 * 28 * 1280;
  bool operator==(const PixelLimits&) const = default;
};

struct PictureSize {
  int64_t height = 0;
  int64_t width = 0;
  bool operator==(const PictureSize&) const = default;
};

// The size that a picture takes: multiples of `factor` (patch_size *
// merge_size) near the original, halves rounded to even, the area within
// `limits` as far as the factor allows.
//
// Throws InvalidInput for an aspect ratio above 200, for sides that the rule
// refuses, and where it would leave no pixels.
// Source: smart_resize of transformers' Qwen2-VL image processor and of
// qwen_vl_utils.
PictureSize smart_resize(PictureSize size,
                         int64_t factor,
                         const PixelLimits& limits,
                         ResizeRule rule = ResizeRule::kTransformers5);

}  // namespace ume
