#include "data/child/video_input.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <stdexcept>

namespace ume {
namespace {

constexpr char kContainers[] =
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv,ogg";
constexpr char kCodecs[] =
    "h264,hevc,vp8,vp9,libdav1d,av1,mpeg4,mpeg2video,mpeg1video,mjpeg,"
    "msmpeg4,msmpeg4v2,h263,flv,theora,ffv1,png,rawvideo";
// About 18 hours at 60 frames a second; bounds the index.
constexpr size_t kMaxPackets = 4'000'000;
constexpr int kBufferBytes = 1 << 16;
constexpr double kMaxFps = 1000.0;

int refuse_to_open(
    AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) {
  return AVERROR(EPERM);
}

// VP8 stores pictures that are only referred to as packets of their own; bit 4
// of the first byte says whether a packet is shown (RFC 6386, 9.1).
bool is_shown(const AVPacket& packet, AVCodecID codec) {
  if (packet.flags & AV_PKT_FLAG_DISCARD) return false;
  return codec != AV_CODEC_ID_VP8 || packet.size == 0 ||
         (packet.data[0] & 0x10) != 0;
}

}  // namespace

void throw_libav(const std::string& what, int error) {
  if (error == AVERROR(ENOMEM)) throw std::bad_alloc();
  char text[AV_ERROR_MAX_STRING_SIZE] = "";
  av_strerror(error, text, sizeof text);
  throw std::runtime_error(what + ": " + text);
}

int VideoInput::read(void* self, uint8_t* out, int size) {
  auto& input = *static_cast<VideoInput*>(self);
  const ssize_t count = ::pread(input.fd_, out, size, input.offset_);
  if (count < 0) return AVERROR(errno);
  if (count == 0) return AVERROR_EOF;
  input.offset_ += count;
  return static_cast<int>(count);
}

int64_t VideoInput::seek_bytes(void* self, int64_t offset, int whence) {
  auto& input = *static_cast<VideoInput*>(self);
  if (whence & AVSEEK_SIZE) return input.size_;
  whence &= ~AVSEEK_FORCE;
  const int64_t base = whence == SEEK_CUR   ? input.offset_
                       : whence == SEEK_END ? input.size_
                                            : 0;
  if (offset < -base || offset > INT64_MAX - base) return AVERROR(EINVAL);
  return input.offset_ = base + offset;
}

VideoInput::VideoInput(int fd) : fd_(fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    throw std::runtime_error("not a regular file");
  }
  size_ = status.st_size;
  auto* buffer = static_cast<uint8_t*>(av_malloc(kBufferBytes));
  context_ = avformat_alloc_context();
  if (buffer == nullptr || context_ == nullptr) throw std::bad_alloc();
  context_->pb = avio_alloc_context(buffer, kBufferBytes, 0, this, &read,
                                    nullptr, &seek_bytes);
  if (context_->pb == nullptr) throw std::bad_alloc();
  context_->flags |= AVFMT_FLAG_CUSTOM_IO;
  context_->io_open = refuse_to_open;
  context_->format_whitelist = av_strdup(kContainers);
  context_->codec_whitelist = av_strdup(kCodecs);
  context_->protocol_whitelist = av_strdup("none");
  // On failure libav frees the context and sets it to null.
  int result = avformat_open_input(&context_, "", nullptr, nullptr);
  if (result < 0) {
    throw_libav(
        "not a video in a container that is read (MP4/MOV, Matroska/"
        "WebM, AVI, MPEG, FLV, Ogg)",
        result);
  }
  result = avformat_find_stream_info(context_, nullptr);
  if (result < 0) throw_libav("the video's streams cannot be read", result);
  stream_ =
      av_find_best_stream(context_, AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0);
  if (stream_ < 0) throw std::runtime_error("no video stream in the file");
}

VideoInput::~VideoInput() {
  AVIOContext* io = context_ == nullptr ? nullptr : context_->pb;
  avformat_close_input(&context_);
  if (io != nullptr) av_freep(&io->buffer);
  avio_context_free(&io);
}

double VideoInput::fps() const {
  double rate = av_q2d(stream().avg_frame_rate);
  if (!(std::isfinite(rate) && rate > 0)) rate = av_q2d(stream().r_frame_rate);
  if (!(std::isfinite(rate) && rate > 0) || rate > kMaxFps) {
    throw std::runtime_error("the video's rate is " + std::to_string(rate) +
                             " frames a second; expected more than 0 and at "
                             "most 1000");
  }
  return rate;
}

Packet VideoInput::read_packet() {
  Packet packet(av_packet_alloc());
  if (!packet) throw std::bad_alloc();
  while (true) {
    const int result = av_read_frame(context_, packet.get());
    if (result == AVERROR_EOF) return nullptr;
    if (result < 0) throw_libav("damaged or cut off", result);
    note_end(*packet);
    if (packet->stream_index == stream_) return packet;
    av_packet_unref(packet.get());
  }
}

void VideoInput::note_end(const AVPacket& packet) {
  if (packet.pts == AV_NOPTS_VALUE) return;
  const double unit = av_q2d(context_->streams[packet.stream_index]->time_base);
  const auto end = static_cast<double>(packet.pts) +
                   static_cast<double>(std::max<int64_t>(packet.duration, 0));
  end_s_ = std::max(end_s_, end * unit);
}

VideoIndex VideoInput::read_index() {
  VideoIndex index;
  bool has_times = true;
  while (const Packet packet = read_packet()) {
    if (!is_shown(*packet, stream().codecpar->codec_id)) continue;
    if (++index.total_frames > static_cast<int64_t>(kMaxPackets)) {
      throw std::runtime_error("more than " + std::to_string(kMaxPackets) +
                               " frames");
    }
    has_times = has_times && packet->pts != AV_NOPTS_VALUE;
    if (!has_times) continue;
    index.times.push_back(packet->pts);
    if (packet->flags & AV_PKT_FLAG_KEY) {
      const bool has_dts = packet->dts != AV_NOPTS_VALUE;
      index.key_frames.push_back(
          {packet->pts, has_dts ? packet->dts : packet->pts});
    }
  }
  std::sort(index.times.begin(), index.times.end());
  const bool repeats =
      std::adjacent_find(index.times.begin(), index.times.end()) !=
      index.times.end();
  if (!has_times || repeats) index.times.clear();
  if (index.times.empty()) index.key_frames.clear();
  std::sort(index.key_frames.begin(), index.key_frames.end(),
            [](const auto& a, const auto& b) { return a.time < b.time; });
  check_complete(index);
  return index;
}

// Containers say how much there is; libav gives without a word what is left of
// a file that was cut off.
void VideoInput::check_complete(const VideoIndex& index) const {
  if (index.total_frames == 0) {
    throw std::runtime_error("the video has no frames");
  }
  const std::string found = std::to_string(index.total_frames);
  const int64_t claimed = stream().nb_frames;
  // Some writers count a last frame that is never shown.
  if (claimed > index.total_frames + 1 + index.total_frames / 100) {
    throw std::runtime_error("cut off or damaged: the file claims " +
                             std::to_string(claimed) + " frames, " + found +
                             " are there");
  }
  const bool is_guess =
      context_->duration_estimation_method == AVFMT_DURATION_FROM_BITRATE;
  if (is_guess || context_->duration <= 0) return;
  const int64_t start =
      context_->start_time == AV_NOPTS_VALUE ? 0 : context_->start_time;
  const double promised =
      static_cast<double>(start + context_->duration) / AV_TIME_BASE;
  // Of the last frames the length may be unknown.
  if (promised > end_s_ * 1.05 + 2 / fps()) {
    throw std::runtime_error("cut off or damaged: the file claims " +
                             std::to_string(promised) + " seconds, " +
                             std::to_string(end_s_) + " are there");
  }
}

void VideoInput::seek(int64_t decode_time) {
  const int result =
      av_seek_frame(context_, stream_, decode_time, AVSEEK_FLAG_BACKWARD);
  if (result < 0) throw_libav("seeking in the video failed", result);
}

}  // namespace ume
