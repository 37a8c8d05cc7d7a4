#include "data/child/video_frames.h"

#include <stdexcept>
#include <string>

#include "data/child/frame_decoder.h"
#include "data/child/reply_writer.h"
#include "data/child/video_input.h"

namespace ume {
namespace {

void check_header(const AVCodecParameters& header, int64_t max_pixels) {
  if (header.width <= 0 || header.height <= 0) {
    throw std::runtime_error("the video's header gives no picture size");
  }
  if (header.height > max_pixels / header.width) {
    throw std::runtime_error("frames of " + std::to_string(header.width) + "x" +
                             std::to_string(header.height) +
                             " are over the limit of " +
                             std::to_string(max_pixels) + " pixels");
  }
}

VideoIndex read_index(int fd, int64_t max_pixels) {
  VideoInput input(fd);
  check_header(*input.stream().codecpar, max_pixels);
  return input.read_index();
}

}  // namespace

void send_video_frames(int fd,
                       const VideoSampling& sampling,
                       int64_t max_pixels) {
  av_log_set_level(AV_LOG_QUIET);
  const VideoIndex index = read_index(fd, max_pixels);
  VideoInput input(fd);
  const AVCodecParameters& header = *input.stream().codecpar;
  const double fps = input.fps();
  const auto chosen = choose_frames(index.total_frames, fps, sampling);
  write_video_reply({index.total_frames, static_cast<int64_t>(chosen.size()),
                     header.width, header.height, fps,
                     static_cast<double>(index.total_frames) / fps});
  FrameDecoder decoder(input, index, max_pixels);
  RgbConverter converter;
  for (const int64_t number : chosen) {
    const AVFrame& frame = decoder.frame(number);
    write_frame_reply({frame.height, frame.width}, converter.convert(frame));
  }
}

}  // namespace ume
