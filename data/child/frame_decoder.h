#pragma once

extern "C" {
#include <libswscale/swscale.h>
}

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "data/child/video_input.h"

namespace ume {

// 8-bit RGB of a frame at its own size. As the readers that the model family
// is used with: swscale's default conversion (SWS_BILINEAR, which at an
// unchanged size is its unscaled one); matrix and range as the stream says,
// BT.601 limited where it does not.
class RgbConverter {
 public:
  ~RgbConverter() { sws_freeContext(context_); }

  // [height * width * 3], valid until the next call. Throws
  // std::runtime_error for a pixel format that cannot be converted.
  std::span<const uint8_t> convert(const AVFrame& frame);

 private:
  SwsContext* context_ = nullptr;
  std::vector<uint8_t> rgb_;
};

// Decodes chosen frames of a video, going from key frame to key frame where the
// index allows. One thread. Throws std::runtime_error for damage: nothing is
// concealed.
class FrameDecoder {
 public:
  // input: freshly opened; index: of the same file; both borrowed.
  // max_pixels: of a frame.
  FrameDecoder(VideoInput& input, const VideoIndex& index, int64_t max_pixels);

  // The frame with this number; numbers must ascend from call to call.
  const AVFrame& frame(int64_t number);

 private:
  struct FreeCodec {
    void operator()(AVCodecContext* c) const { avcodec_free_context(&c); }
  };
  struct FreeFrame {
    void operator()(AVFrame* f) const { av_frame_free(&f); }
  };

  void open_codec(int64_t max_pixels);
  void go_near(int64_t number);
  void decode_next();
  bool receive();
  int64_t number_of(const AVFrame& frame);

  VideoInput& input_;
  const VideoIndex& index_;
  std::unique_ptr<AVCodecContext, FreeCodec> codec_;
  std::unique_ptr<AVFrame, FreeFrame> frame_;
  int64_t number_ = -1;  // of frame_; -1: none yet
  // After a seek, frames shown before this time lack what they refer to:
  // errors in them are expected and they are not used.
  int64_t valid_from_ = INT64_MIN;
};

}  // namespace ume
