#include "data/media/resize.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "common/error/error.h"

namespace ume {
namespace {

constexpr int kPrecisionBits = 32 - 8 - 2;
constexpr double kFilterRadius = 2.0;

double bicubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
  if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * a;
  return 0.0;
}

// The weights of one axis: output i is the sum over k of
// weights[i * stride + k] * input[first[i] + k], k < count[i].
struct AxisWeights {
  int64_t stride = 0;
  std::vector<int64_t> first;
  std::vector<int64_t> count;
  std::vector<int32_t> weights;
};

AxisWeights axis_weights(int64_t in_size, int64_t out_size) {
  const double scale = static_cast<double>(in_size) / out_size;
  const double filter_scale = std::max(scale, 1.0);
  const double support = kFilterRadius * filter_scale;
  AxisWeights axis;
  axis.stride = static_cast<int64_t>(std::ceil(support)) * 2 + 1;
  axis.weights.resize(out_size * axis.stride);
  std::vector<double> exact(axis.stride);
  for (int64_t i = 0; i < out_size; ++i) {
    const double centre = (i + 0.5) * scale;
    const double inverse = 1.0 / filter_scale;
    const int64_t first =
        std::max<int64_t>(static_cast<int64_t>(centre - support + 0.5), 0);
    const int64_t end = std::min<int64_t>(
        static_cast<int64_t>(centre + support + 0.5), in_size);
    const int64_t count = end - first;
    double sum = 0.0;
    for (int64_t k = 0; k < count; ++k) {
      exact[k] = bicubic((k + first - centre + 0.5) * inverse);
      sum += exact[k];
    }
    int32_t* out = axis.weights.data() + i * axis.stride;
    for (int64_t k = 0; k < count; ++k) {
      const double weight =
          (sum != 0.0 ? exact[k] / sum : exact[k]) * (1 << kPrecisionBits);
      out[k] = static_cast<int32_t>(weight < 0 ? weight - 0.5 : weight + 0.5);
    }
    axis.first.push_back(first);
    axis.count.push_back(count);
  }
  return axis;
}

uint8_t to_byte(int32_t sum) {
  return static_cast<uint8_t>(std::clamp(sum >> kPrecisionBits, 0, 255));
}

constexpr int32_t kHalf = 1 << (kPrecisionBits - 1);

RgbImage resize_rows(const RgbImage& image, int64_t width) {
  const AxisWeights axis = axis_weights(image.width, width);
  RgbImage out{image.height, width, {}};
  out.pixels.resize(out.height * width * 3);
  for (int64_t y = 0; y < image.height; ++y) {
    const uint8_t* row = image.pixels.data() + y * image.width * 3;
    uint8_t* to = out.pixels.data() + y * width * 3;
    for (int64_t x = 0; x < width; ++x, to += 3) {
      const int32_t* weights = axis.weights.data() + x * axis.stride;
      const uint8_t* from = row + axis.first[x] * 3;
      int32_t red = kHalf, green = kHalf, blue = kHalf;
      for (int64_t k = 0; k < axis.count[x]; ++k, from += 3) {
        red += from[0] * weights[k];
        green += from[1] * weights[k];
        blue += from[2] * weights[k];
      }
      to[0] = to_byte(red);
      to[1] = to_byte(green);
      to[2] = to_byte(blue);
    }
  }
  return out;
}

RgbImage resize_columns(const RgbImage& image, int64_t height) {
  const AxisWeights axis = axis_weights(image.height, height);
  const int64_t row_bytes = image.width * 3;
  RgbImage out{height, image.width, {}};
  out.pixels.resize(height * row_bytes);
  std::vector<int32_t> sums(row_bytes);
  for (int64_t y = 0; y < height; ++y) {
    std::fill(sums.begin(), sums.end(), kHalf);
    const uint8_t* from = image.pixels.data() + axis.first[y] * row_bytes;
    for (int64_t k = 0; k < axis.count[y]; ++k, from += row_bytes) {
      const int32_t weight = axis.weights[y * axis.stride + k];
      for (int64_t i = 0; i < row_bytes; ++i) sums[i] += from[i] * weight;
    }
    std::transform(sums.begin(), sums.end(), out.pixels.data() + y * row_bytes,
                   to_byte);
  }
  return out;
}

// Pillow 13's choice, which saves work where many rows go; the 8-bit picture in
// between makes it visible in single grey levels.
bool columns_first(const RgbImage& image, int64_t height, int64_t width) {
  const int64_t rows_dropped = image.height - height;
  const int64_t columns_dropped = image.width - width;
  return rows_dropped > 0 && rows_dropped > 2 * columns_dropped;
}

}  // namespace

RgbImage resize_bicubic(const RgbImage& image, int64_t height, int64_t width) {
  if (height <= 0 || width <= 0) {
    throw InvalidInput("resize to " + std::to_string(width) + "x" +
                       std::to_string(height) + ": expected positive sides");
  }
  if (width == image.width && height == image.height) return image;
  if (width == image.width) return resize_columns(image, height);
  if (height == image.height) return resize_rows(image, width);
  if (columns_first(image, height, width)) {
    return resize_rows(resize_columns(image, height), width);
  }
  return resize_columns(resize_rows(image, width), height);
}

}  // namespace ume
