#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace ume {

enum class MediaKind : uint8_t { kImage = 0, kVideo = 1 };

// One picture or video inside a prompt.
struct MediaSpan {
  MediaKind kind = MediaKind::kImage;
  int64_t first_token = 0;        // index of its first pad token in `ids`
  int64_t num_tokens = 0;         // t*h*w/4 (after the 2x2 merge)
  std::array<int64_t, 3> grid{};  // temporal, height, width, in patches
  double seconds_per_grid = 0.0;  // Qwen2.5-VL temporal scale; videos only
  bool operator==(const MediaSpan&) const = default;
};

// The one road from prompt to tensors: what the rollout, learner and evaluation
// shells hand to a model. Plain buffers, no LibTorch.
struct PreparedPrompt {
  std::vector<int64_t> ids;      // [num_tokens]
  std::vector<MediaSpan> media;  // in order of appearance
  // [num_patches, patch_dim] of all media in order, row-major;
  // patch_dim = channels * temporal_patch * patch * patch.
  std::vector<float> patches;
  int64_t num_patches = 0;
  int64_t patch_dim = 0;
  // XXH3-128 of ids, grids and pixel bytes, hex. A trajectory carries it and
  // the learner refuses a mismatch by name.
  std::string digest;
  bool operator==(const PreparedPrompt&) const = default;
};

// A prepared conversation with training labels (cold start).
struct PreparedExample {
  PreparedPrompt prompt;        // the whole sequence, answer included
  std::vector<int64_t> labels;  // [num_tokens]; -100 where nothing is learned
  bool operator==(const PreparedExample&) const = default;
};

constexpr int64_t kIgnoredLabel = -100;

}  // namespace ume
