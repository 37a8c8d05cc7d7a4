#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "data/media/media_reply.h"

namespace ume {

// Writes the answer to standard output. Each function throws
// std::runtime_error when the reader has gone.
void write_video_reply(const VideoReply& video);
// rgb: [height * width * 3]
void write_frame_reply(const FrameReply& frame, std::span<const uint8_t> rgb);
void write_end_reply();
void write_error_reply(std::string_view text);

}  // namespace ume
