#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/types/prepared_prompt.h"
#include "model/config/model_config.h"

namespace ume {

// Multimodal rotary positions of a prompt. Text counts up on all three axes; a
// picture's tokens sit at (start + t, start + h, start + w); what follows
// starts at the maximum over all axes plus one (transformers 4.50 semantics).
struct RopePositions {
  std::vector<int64_t> temporal;  // [num_tokens]
  std::vector<int64_t> height;    // [num_tokens]
  std::vector<int64_t> width;     // [num_tokens]
  // Position of the next token on all axes: the i-th token of a completion is
  // at next + i.
  int64_t next = 0;
};

// `media` in order of appearance. Qwen2.5-VL places video frame i at
// trunc(i * seconds_per_grid * tokens_per_second) and pictures at 0. Throws
// InvalidInput when a span leaves the prompt, overlaps another or disagrees
// with its grid.
RopePositions rope_positions(int64_t num_tokens,
                             std::span<const MediaSpan> media,
                             const ModelConfig& config);

}  // namespace ume
