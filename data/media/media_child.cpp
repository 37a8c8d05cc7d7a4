#include "data/media/media_child.h"

#include <cmath>
#include <utility>
#include <vector>

#include "data/media/internal/media_process.h"

namespace ume {

using internal::MediaCommand;
using internal::MediaProcess;

namespace {

std::string text_of(double value) {
  char text[64];
  std::snprintf(text, sizeof text, "%.17g", value);
  return text;
}

MediaCommand make_command(const std::filesystem::path& program,
                          const MediaChildConfig& config,
                          int64_t max_pixels,
                          const std::string& name) {
  return {{program.string(), "--memory-bytes",
           std::to_string(config.memory_bytes), "--cpu-seconds",
           std::to_string(static_cast<int64_t>(std::ceil(config.timeout_s))),
           "--max-pixels", std::to_string(max_pixels)},
          name,
          config.timeout_s};
}

void append(std::vector<std::string>& argv, std::vector<std::string> more) {
  argv.insert(argv.end(), more.begin(), more.end());
}

RgbImage read_frame(MediaProcess& process, int64_t max_pixels) {
  const uint64_t most = sizeof(FrameReply) + 3 * uint64_t(max_pixels);
  const ReplyHead head =
      process.expect(ReplyKind::kFrame, sizeof(FrameReply), most);
  FrameReply frame;
  process.read(&frame, sizeof frame);
  if (frame.width <= 0 || frame.height <= 0 ||
      frame.height > max_pixels / frame.width ||
      head.size != sizeof frame + 3 * uint64_t(frame.width * frame.height)) {
    process.refuse("the answer of ume-media is malformed");
  }
  RgbImage image{frame.height, frame.width, {}};
  image.pixels.resize(3 * frame.width * frame.height);
  process.read(image.pixels.data(), image.pixels.size());
  return image;
}

void check_video(MediaProcess& process,
                 const VideoReply& video,
                 int64_t most_frames) {
  if (video.total_frames < 1 || video.num_frames < 1 ||
      video.num_frames > std::min(video.total_frames, most_frames) ||
      !std::isfinite(video.fps) || video.fps <= 0 ||
      !std::isfinite(video.duration_s)) {
    process.refuse("the answer of ume-media is malformed");
  }
}

}  // namespace

VideoFrames::VideoFrames(std::unique_ptr<MediaProcess> process,
                         VideoReply info,
                         int64_t max_pixels)
    : process_(std::move(process)), info_(info), max_pixels_(max_pixels) {}
VideoFrames::VideoFrames(VideoFrames&&) noexcept = default;
VideoFrames& VideoFrames::operator=(VideoFrames&&) noexcept = default;
VideoFrames::~VideoFrames() = default;

double VideoFrames::sampled_fps() const {
  return info_.fps * static_cast<double>(info_.num_frames) /
         static_cast<double>(info_.total_frames);
}

std::optional<RgbImage> VideoFrames::next() {
  if (num_read_ == info_.num_frames) return std::nullopt;
  RgbImage frame = read_frame(*process_, max_pixels_);
  if (++num_read_ == info_.num_frames) process_->expect(ReplyKind::kEnd, 0, 0);
  return frame;
}

MediaChild::MediaChild(const MediaChildConfig& config,
                       int64_t max_pixels,
                       std::filesystem::path program)
    : config_(config), max_pixels_(max_pixels), program_(std::move(program)) {}

std::filesystem::path MediaChild::beside_this_program() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() /
         "ume-media";
}

VideoFrames MediaChild::open_video(const FileDescriptor& file,
                                   const std::string& name,
                                   double fps) const {
  MediaCommand command = make_command(program_, config_, max_pixels_, name);
  append(command.argv,
         {"video", "--fps", text_of(fps), "--frames",
          std::to_string(config_.video_frames), "--min-frames",
          std::to_string(config_.min_video_frames), "--max-frames",
          std::to_string(config_.max_video_frames)});
  auto process = std::make_unique<MediaProcess>(command, file);
  VideoReply info;
  process->expect(ReplyKind::kVideo, sizeof info, sizeof info);
  process->read(&info, sizeof info);
  check_video(*process, info,
              std::max(config_.video_frames, config_.max_video_frames));
  return VideoFrames(std::move(process), info, max_pixels_);
}

RgbImage MediaChild::render_page(const FileDescriptor& file,
                                 const std::string& name,
                                 int64_t page) const {
  MediaCommand command = make_command(program_, config_, max_pixels_, name);
  append(command.argv, {"page", "--page", std::to_string(page), "--dpi",
                        text_of(config_.document_dpi)});
  MediaProcess process(command, file);
  RgbImage image = read_frame(process, max_pixels_);
  process.expect(ReplyKind::kEnd, 0, 0);
  return image;
}

}  // namespace ume
