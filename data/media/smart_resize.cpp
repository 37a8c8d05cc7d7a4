#include "data/media/smart_resize.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "common/error/error.h"

namespace ume {
namespace {

constexpr double kMaxAspectRatio = 200.0;

std::string text_of(PictureSize size) {
  return std::to_string(size.width) + "x" + std::to_string(size.height);
}

// nearbyint follows the default rounding mode: halves to even.
int64_t nearest_multiple(double side, int64_t factor) {
  return static_cast<int64_t>(std::nearbyint(side / factor)) * factor;
}
int64_t multiple_below(double side, int64_t factor) {
  return static_cast<int64_t>(std::floor(side / factor)) * factor;
}
int64_t multiple_above(double side, int64_t factor) {
  return static_cast<int64_t>(std::ceil(side / factor)) * factor;
}

void check_size(PictureSize size, int64_t factor, ResizeRule rule) {
  if (size.height <= 0 || size.width <= 0) {
    throw InvalidInput("picture of " + text_of(size) + " has no pixels");
  }
  if (rule == ResizeRule::kTransformers450 &&
      std::min(size.height, size.width) < factor) {
    throw InvalidInput("picture of " + text_of(size) + ": sides below " +
                       std::to_string(factor) +
                       " are refused by this resize rule");
  }
  const double ratio = static_cast<double>(std::max(size.height, size.width)) /
                       static_cast<double>(std::min(size.height, size.width));
  if (ratio > kMaxAspectRatio) {
    throw InvalidInput("picture of " + text_of(size) +
                       " has an aspect ratio above 200");
  }
}

}  // namespace

PictureSize smart_resize(PictureSize size,
                         int64_t factor,
                         const PixelLimits& limits,
                         ResizeRule rule) {
  check_size(size, factor, rule);
  const double height = static_cast<double>(size.height);
  const double width = static_cast<double>(size.width);
  PictureSize out{nearest_multiple(height, factor),
                  nearest_multiple(width, factor)};
  if (rule == ResizeRule::kQwenVlUtils) {
    out = {std::max(out.height, factor), std::max(out.width, factor)};
  }
  const int64_t area = out.height * out.width;
  if (area > limits.max_pixels) {
    const double shrink =
        std::sqrt(height * width / static_cast<double>(limits.max_pixels));
    out = {multiple_below(height / shrink, factor),
           multiple_below(width / shrink, factor)};
    if (rule == ResizeRule::kTransformers5) {
      out = {std::max(out.height, factor), std::max(out.width, factor)};
    }
  } else if (area < limits.min_pixels) {
    const double grow =
        std::sqrt(static_cast<double>(limits.min_pixels) / (height * width));
    out = {multiple_above(height * grow, factor),
           multiple_above(width * grow, factor)};
  }
  if (out.height == 0 || out.width == 0) {
    throw InvalidInput("picture of " + text_of(size) +
                       " would be resized to no pixels under a limit of " +
                       std::to_string(limits.max_pixels));
  }
  return out;
}

}  // namespace ume
