#include "model/attention/rope_positions.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "common/error/error.h"
#include "common/text/printable.h"

namespace ume {
namespace {

[[noreturn]] void fail(size_t medium, const std::string& what) {
  throw InvalidInput("medium " + std::to_string(medium) +
                     " of the prompt: " + what);
}

void check_span(const MediaSpan& span,
                size_t medium,
                int64_t first_free,
                int64_t num_tokens,
                int64_t merge) {
  constexpr int64_t kMostPatches = 1 << 20;  // a side; keeps products in range
  for (const int64_t size : span.grid) {
    if (size < 1 || size > kMostPatches) {
      fail(medium, "grid size " + std::to_string(size) + " is out of range");
    }
  }
  const auto [frames, height, width] = span.grid;
  if (height % merge != 0 || width % merge != 0) {
    fail(medium, "grid " + std::to_string(height) + "x" +
                     std::to_string(width) + " is no multiple of " +
                     std::to_string(merge));
  }
  const int64_t area = height / merge * (width / merge);
  if (area > num_tokens || frames > num_tokens / area ||
      span.num_tokens != frames * area) {
    fail(medium,
         std::to_string(span.num_tokens) + " tokens do not fit its grid");
  }
  if (span.first_token < first_free ||
      span.first_token > num_tokens - span.num_tokens) {
    fail(medium, "tokens from " + std::to_string(span.first_token) +
                     " overlap another medium or leave the prompt");
  }
}

void append_text(RopePositions& out, int64_t count) {
  for (int64_t i = 0; i < count; ++i, ++out.next) {
    out.temporal.push_back(out.next);
    out.height.push_back(out.next);
    out.width.push_back(out.next);
  }
}

// Frame index on the temporal axis.
int64_t frame_position(int64_t frame,
                       const MediaSpan& span,
                       const ModelConfig& config) {
  if (config.family == ModelFamily::kQwen2VL) return frame;
  if (span.kind == MediaKind::kImage) return 0;
  // The reference multiplies in fp32, one factor after the other.
  const float seconds = static_cast<float>(span.seconds_per_grid);
  const float rate = static_cast<float>(config.vision.tokens_per_second);
  const float position = static_cast<float>(frame) * seconds * rate;
  return static_cast<int64_t>(position);
}

void append_medium(RopePositions& out,
                   const MediaSpan& span,
                   const ModelConfig& config) {
  const int64_t start = out.next;
  const int64_t merge = config.vision.merge_size;
  const int64_t height = span.grid[1] / merge;
  const int64_t width = span.grid[2] / merge;
  int64_t highest = start;
  for (int64_t t = 0; t < span.grid[0]; ++t) {
    const int64_t temporal = start + frame_position(t, span, config);
    highest = std::max(highest, temporal);
    for (int64_t h = 0; h < height; ++h) {
      for (int64_t w = 0; w < width; ++w) {
        out.temporal.push_back(temporal);
        out.height.push_back(start + h);
        out.width.push_back(start + w);
      }
    }
  }
  highest = std::max({highest, start + height - 1, start + width - 1});
  out.next = highest + 1;
}

}  // namespace

RopePositions rope_positions(int64_t num_tokens,
                             std::span<const MediaSpan> media,
                             const ModelConfig& config) {
  RopePositions out;
  const auto size = static_cast<size_t>(std::max<int64_t>(num_tokens, 0));
  for (auto* axis : {&out.temporal, &out.height, &out.width}) {
    axis->reserve(size);
  }
  int64_t reached = 0;
  for (size_t i = 0; i < media.size(); ++i) {
    const MediaSpan& span = media[i];
    check_span(span, i, reached, num_tokens, config.vision.merge_size);
    // Beyond this a frame's position would leave the range of integers.
    const double seconds =
        span.seconds_per_grid * config.vision.tokens_per_second;
    if (!(seconds >= 0 && seconds < 1e6)) {
      fail(i, "seconds_per_grid " + short_number(span.seconds_per_grid) +
                  " is out of range");
    }
    append_text(out, span.first_token - reached);
    append_medium(out, span, config);
    reached = span.first_token + span.num_tokens;
  }
  append_text(out, num_tokens - reached);
  return out;
}

}  // namespace ume
