#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
}

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace ume {

// A libav error as a std::runtime_error, "not enough memory" by name.
[[noreturn]] void throw_libav(const std::string& what, int error);

struct FreePacket {
  void operator()(AVPacket* p) const { av_packet_free(&p); }
};
using Packet = std::unique_ptr<AVPacket, FreePacket>;

// When the frames of a video are shown and where decoding may start.
struct VideoIndex {
  int64_t total_frames = 0;
  // Of all frames, ascending, in the stream's time base; empty where the file
  // does not say: such files are decoded from their beginning.
  std::vector<int64_t> times;
  struct KeyFrame {
    int64_t time = 0;         // when it is shown
    int64_t decode_time = 0;  // what to seek to
  };
  std::vector<KeyFrame> key_frames;  // ascending; empty when `times` is
};

// A video file on a file descriptor: container, video stream, packets. Only
// containers and codecs on a list are tried, and nothing else is opened
// (playlists, references to other files). Throws std::runtime_error throughout.
class VideoInput {
 public:
  // fd: a regular file; borrowed.
  explicit VideoInput(int fd);
  ~VideoInput();
  VideoInput(const VideoInput&) = delete;
  VideoInput& operator=(const VideoInput&) = delete;

  const AVStream& stream() const { return *context_->streams[stream_]; }
  // Average frames a second.
  double fps() const;
  // Reads the file to its end, without decoding. Open it again to decode: what
  // demuxers do after their end differs.
  VideoIndex read_index();
  // The stream's next packet; null at the end.
  Packet read_packet();
  // Goes to the key frame at or before `decode_time`.
  void seek(int64_t decode_time);

 private:
  static int read(void* self, uint8_t* out, int size);
  static int64_t seek_bytes(void* self, int64_t offset, int whence);
  void note_end(const AVPacket& packet);
  void check_complete(const VideoIndex& index) const;

  const int fd_;
  int64_t size_ = 0;
  int64_t offset_ = 0;
  AVFormatContext* context_ = nullptr;
  int stream_ = -1;
  double end_s_ = 0;  // when the last packet read so far ends, of any stream
};

}  // namespace ume
