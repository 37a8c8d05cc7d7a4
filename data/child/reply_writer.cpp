#include "data/child/reply_writer.h"

#include <unistd.h>

#include <cerrno>
#include <stdexcept>

namespace ume {
namespace {

void write_all(const void* data, size_t size) {
  const auto* from = static_cast<const uint8_t*>(data);
  while (size > 0) {
    const ssize_t written = ::write(STDOUT_FILENO, from, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) throw std::runtime_error("the reader has gone");
    from += written;
    size -= static_cast<size_t>(written);
  }
}

void write_head(ReplyKind kind, uint64_t size) {
  const ReplyHead head{kReplyMagic, kind, size};
  write_all(&head, sizeof head);
}

}  // namespace

void write_video_reply(const VideoReply& video) {
  write_head(ReplyKind::kVideo, sizeof video);
  write_all(&video, sizeof video);
}

void write_frame_reply(const FrameReply& frame, std::span<const uint8_t> rgb) {
  write_head(ReplyKind::kFrame, sizeof frame + rgb.size());
  write_all(&frame, sizeof frame);
  write_all(rgb.data(), rgb.size());
}

void write_end_reply() {
  write_head(ReplyKind::kEnd, 0);
}

void write_error_reply(std::string_view text) {
  text = text.substr(0, kMaxErrorBytes);
  write_head(ReplyKind::kError, text.size());
  write_all(text.data(), text.size());
}

}  // namespace ume
