#include "data/prepare/internal/frame_stack.h"

#include <utility>

#include "common/error/error.h"
#include "data/media/resize.h"

namespace ume::internal {
namespace {

// What the published reader does before the processor.
StackRules reader_rules(StackRules rules) {
  rules.factor = 28;
  rules.limits = {4 * 28 * 28, 16384 * 28 * 28};
  rules.rule = ResizeRule::kQwenVlUtils;
  return rules;
}

}  // namespace

PictureSize FrameStack::size_for(const RgbImage& image,
                                 const StackRules& rules) const {
  try {
    return smart_resize({image.height, image.width}, rules.factor, rules.limits,
                        rules.rule);
  } catch (const InvalidInput& error) {
    throw InvalidInput(name_ + ": " + error.what());
  }
}

void FrameStack::add(RgbImage frame) {
  if (rules_.published_reader) {
    const PictureSize size = size_for(frame, reader_rules(rules_));
    frame = resize_bicubic(frame, size.height, size.width);
  }
  if (frames_.empty()) {
    size_ = size_for(frame, rules_);
    check_tokens();
  }
  frames_.push_back(resize_bicubic(frame, size_.height, size_.width));
}

void FrameStack::check_tokens() const {
  const int64_t depth = rules_.temporal_patch;
  const int64_t steps = (num_frames_ + depth - 1) / depth;
  const int64_t per_step =
      size_.height / rules_.factor * (size_.width / rules_.factor);
  if (per_step > rules_.max_media_tokens / steps) {
    throw InvalidInput(name_ + ": needs " + std::to_string(per_step) +
                       " visual tokens times " + std::to_string(steps) +
                       " steps; max_media_tokens is " +
                       std::to_string(rules_.max_media_tokens));
  }
}

}  // namespace ume::internal
