#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/media/decode_image.h"
#include "data/media/smart_resize.h"

namespace ume::internal {

struct StackRules {
  int64_t factor = 28;
  int64_t temporal_patch = 2;  // frames
  PixelLimits limits;
  ResizeRule rule = ResizeRule::kTransformers5;
  bool published_reader = false;  // resizes once more before
  int64_t max_media_tokens = 32768;
};

// Takes pictures one by one and resizes each at once, so that a long video of
// large frames needs little more memory than its result. All take the size
// chosen for the first.
class FrameStack {
 public:
  // num_frames: how many will come. name: of the medium, for messages.
  FrameStack(const StackRules& rules, int64_t num_frames, std::string name)
      : rules_(rules), num_frames_(num_frames), name_(std::move(name)) {}

  // Throws InvalidInput for a size that is refused and, at the first frame,
  // when all of them need more visual tokens than max_media_tokens.
  void add(RgbImage frame);

  const std::vector<RgbImage>& frames() const { return frames_; }

 private:
  PictureSize size_for(const RgbImage& image, const StackRules& rules) const;
  void check_tokens() const;

  const StackRules rules_;
  const int64_t num_frames_;
  const std::string name_;
  PictureSize size_;
  std::vector<RgbImage> frames_;
};

}  // namespace ume::internal
