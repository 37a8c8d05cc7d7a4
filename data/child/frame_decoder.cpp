#include "data/child/frame_decoder.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace ume {

std::span<const uint8_t> RgbConverter::convert(const AVFrame& frame) {
  const auto format = static_cast<AVPixelFormat>(frame.format);
  context_ = sws_getCachedContext(context_, frame.width, frame.height, format,
                                  frame.width, frame.height, AV_PIX_FMT_RGB24,
                                  SWS_BILINEAR, nullptr, nullptr, nullptr);
  if (context_ == nullptr) {
    throw std::runtime_error("the video's pixel format cannot be converted");
  }
  int* inverse = nullptr;
  int* table = nullptr;
  int from_full = 0, to_full = 0, brightness = 0, contrast = 0, saturation = 0;
  if (sws_getColorspaceDetails(context_, &inverse, &from_full, &table, &to_full,
                               &brightness, &contrast, &saturation) >= 0) {
    if (frame.color_range != AVCOL_RANGE_UNSPECIFIED) {
      from_full = frame.color_range == AVCOL_RANGE_JPEG;
    }
    const int matrix = frame.colorspace == AVCOL_SPC_UNSPECIFIED
                           ? SWS_CS_DEFAULT
                           : static_cast<int>(frame.colorspace);
    sws_setColorspaceDetails(context_, sws_getCoefficients(matrix), from_full,
                             table, to_full, brightness, contrast, saturation);
  }
  const auto row_bytes = static_cast<size_t>(frame.width) * 3;
  // swscale may write a few bytes past a row.
  constexpr size_t kPadding = 64;
  rgb_.resize(row_bytes * frame.height + kPadding);
  uint8_t* const planes[4] = {rgb_.data(), nullptr, nullptr, nullptr};
  const int strides[4] = {static_cast<int>(row_bytes), 0, 0, 0};
  if (sws_scale(context_, frame.data, frame.linesize, 0, frame.height, planes,
                strides) != frame.height) {
    throw std::runtime_error("a frame could not be converted to RGB");
  }
  return {rgb_.data(), row_bytes * frame.height};
}

FrameDecoder::FrameDecoder(VideoInput& input,
                           const VideoIndex& index,
                           int64_t max_pixels)
    : input_(input), index_(index), frame_(av_frame_alloc()) {
  if (!frame_) throw std::bad_alloc();
  open_codec(max_pixels);
}

void FrameDecoder::open_codec(int64_t max_pixels) {
  const AVCodecParameters& parameters = *input_.stream().codecpar;
  const AVCodec* decoder = avcodec_find_decoder(parameters.codec_id);
  if (decoder == nullptr) {
    throw std::runtime_error(std::string("no decoder for the video's codec, ") +
                             avcodec_get_name(parameters.codec_id));
  }
  codec_.reset(avcodec_alloc_context3(decoder));
  if (!codec_) throw std::bad_alloc();
  int result = avcodec_parameters_to_context(codec_.get(), &parameters);
  if (result < 0) throw_libav("the video's header cannot be used", result);
  codec_->pkt_timebase = input_.stream().time_base;
  codec_->thread_count = 1;
  codec_->max_pixels = max_pixels;
  codec_->err_recognition =
      AV_EF_CRCCHECK | AV_EF_BITSTREAM | AV_EF_BUFFER | AV_EF_EXPLODE;
  codec_->error_concealment = 0;
  codec_->codec_whitelist = nullptr;
  result = avcodec_open2(codec_.get(), decoder, nullptr);
  if (result < 0) throw_libav("the video's decoder cannot be opened", result);
}

const AVFrame& FrameDecoder::frame(int64_t number) {
  go_near(number);
  while (number_ < number) decode_next();
  if (number_ != number) {
    throw std::runtime_error("frame " + std::to_string(number) +
                             " is missing: the video is damaged");
  }
  return *frame_;
}

// Seeks where a key frame lies between the frame at hand and the wanted one.
void FrameDecoder::go_near(int64_t number) {
  if (index_.times.empty()) return;
  const int64_t wanted = index_.times[number];
  const auto after = std::upper_bound(
      index_.key_frames.begin(), index_.key_frames.end(), wanted,
      [](int64_t time, const auto& key) { return time < key.time; });
  if (after == index_.key_frames.begin()) return;
  const VideoIndex::KeyFrame& key = *(after - 1);
  // The next frames are decoded anyway, as a rule from the same packets.
  constexpr int64_t kNear = 8;
  const int64_t here = number_ + kNear;
  if (here >= number || index_.times[here] >= key.time) return;
  input_.seek(key.decode_time);
  avcodec_flush_buffers(codec_.get());
  valid_from_ = key.time;
}

void FrameDecoder::decode_next() {
  while (!receive()) {
    const Packet packet = input_.read_packet();
    const int sent = avcodec_send_packet(codec_.get(), packet.get());
    if (sent < 0 && valid_from_ == INT64_MIN) {
      throw_libav("damaged near frame " + std::to_string(number_ + 1), sent);
    }
  }
  valid_from_ = INT64_MIN;
  if ((frame_->flags & AV_FRAME_FLAG_CORRUPT) ||
      frame_->decode_error_flags != 0) {
    throw std::runtime_error("damaged near frame " +
                             std::to_string(number_ + 1));
  }
  number_ = number_of(*frame_);
}

// Whether the decoder had a frame that can be used; else it wants a packet.
bool FrameDecoder::receive() {
  while (true) {
    const int result = avcodec_receive_frame(codec_.get(), frame_.get());
    if (result == AVERROR(EAGAIN)) return false;
    if (result == AVERROR_EOF) {
      throw std::runtime_error(
          "the video ends after frame " + std::to_string(number_ + 1) + " of " +
          std::to_string(index_.total_frames) + ": cut off or damaged");
    }
    if (result < 0) {
      if (valid_from_ != INT64_MIN) return false;
      throw_libav("damaged near frame " + std::to_string(number_ + 1), result);
    }
    if (frame_->pts >= valid_from_) return true;
  }
}

// Without times, frames come one after the other from the first.
int64_t FrameDecoder::number_of(const AVFrame& frame) {
  if (index_.times.empty()) return number_ + 1;
  const auto at =
      std::lower_bound(index_.times.begin(), index_.times.end(), frame.pts);
  if (at == index_.times.end() || *at != frame.pts) {
    throw std::runtime_error("a frame near " + std::to_string(number_ + 1) +
                             " has a time of its own: the video is damaged");
  }
  return at - index_.times.begin();
}

}  // namespace ume
