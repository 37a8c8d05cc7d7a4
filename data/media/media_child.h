#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "common/files/file_descriptor.h"
#include "data/media/decode_image.h"
#include "data/media/media_child_config.h"
#include "data/media/media_reply.h"
#include "data/media/video_sampling.h"

namespace ume {

namespace internal {
class MediaProcess;
}

// The chosen frames of a video while ume-media decodes them: one process, ended
// with this object. Not thread-safe.
class VideoFrames {
 public:
  VideoFrames(VideoFrames&&) noexcept;
  VideoFrames& operator=(VideoFrames&&) noexcept;
  ~VideoFrames();

  const VideoReply& info() const { return info_; }
  // The rate of the chosen frames: info().fps * num_frames / total_frames.
  double sampled_fps() const;
  // The next frame at its own size; nothing after info().num_frames of them.
  // Throws as MediaChild::open_video.
  std::optional<RgbImage> next();

 private:
  friend class MediaChild;
  VideoFrames(std::unique_ptr<internal::MediaProcess> process,
              VideoReply info,
              int64_t max_pixels);

  std::unique_ptr<internal::MediaProcess> process_;
  VideoReply info_;
  int64_t max_pixels_ = 0;
  int64_t num_read_ = 0;
};

// Starts ume-media, one process a file, for what is not decoded in this
// process: videos and documents. Thread-safe, immutable.
class MediaChild {
 public:
  // max_pixels: of a frame or page. program: ume-media, or what a test puts in
  // its place; default: beside the running program.
  MediaChild(const MediaChildConfig& config,
             int64_t max_pixels,
             std::filesystem::path program = beside_this_program());

  static std::filesystem::path beside_this_program();

  // file: a regular file, borrowed for the call. name: for messages.
  // Throws InvalidInput, naming the file, for what cannot be decoded, is over
  // a limit, or makes the decoder crash, use too much memory or run past
  // timeout_s; Unavailable if ume-media cannot be started.
  VideoFrames open_video(const FileDescriptor& file,
                         const std::string& name,
                         double fps) const;
  // page: from 1; 0: of a document with a single page. Throws likewise.
  RgbImage render_page(const FileDescriptor& file,
                       const std::string& name,
                       int64_t page) const;

 private:
  const MediaChildConfig config_;
  const int64_t max_pixels_;
  const std::filesystem::path program_;
};

}  // namespace ume
