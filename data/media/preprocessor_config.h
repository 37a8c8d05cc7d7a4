#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "data/media/smart_resize.h"

namespace ume {

// What preprocessor_config.json of a checkpoint says, in the published layout
// (min_pixels, max_pixels) or the newer one (size: {shortest_edge,
// longest_edge}, both in pixels of area).
struct PreprocessorConfig {
  PixelLimits limits;       // of a picture, and of each frame of a video
  int64_t patch_size = 14;  // pixels
  int64_t temporal_patch_size = 2;  // frames
  int64_t merge_size = 2;           // patches per side of one visual token
  double rescale_factor = 1.0 / 255.0;
  std::array<double, 3> mean{0.48145466, 0.4578275, 0.40821073};
  std::array<double, 3> std{0.26862954, 0.26130258, 0.27577711};

  int64_t factor() const { return patch_size * merge_size; }
  // Values of one patch row: channels * frames * rows * columns.
  int64_t patch_dim() const {
    return 3 * temporal_patch_size * patch_size * patch_size;
  }
};

// Throws InvalidInput, naming file and field, for malformed JSON, a value of
// the wrong type or outside its range, and steps that this project does not do
// (another resampling filter, a missing resize); IoError if it cannot be read.
PreprocessorConfig read_preprocessor_config(const std::filesystem::path& file);
// The same from the file's content; `name` stands for it in messages.
PreprocessorConfig parse_preprocessor_config(std::string_view json,
                                             const std::string& name);

}  // namespace ume
