#pragma once

#include <cstdint>

#include "data/media/video_sampling.h"

namespace ume {

// Writes the chosen frames of the video on descriptor `fd` as the answer.
// Throws std::runtime_error or InvalidInput for what cannot be decoded;
// messages do not name the file, which has no name here.
void send_video_frames(int fd,
                       const VideoSampling& sampling,
                       int64_t max_pixels);

}  // namespace ume
