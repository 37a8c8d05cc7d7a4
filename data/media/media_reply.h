#pragma once

#include <cstdint>

// What ume-media writes on its standard output: messages, each a head and
// `size` bytes, in the machine's byte order (both ends run on one machine).
//   video: kVideo, kFrame for each frame in order, kEnd
//   page:  kFrame, kEnd
//   or, at any time instead of kEnd: kError
// The reader believes none of it: every size is checked against the limits.
namespace ume {

constexpr uint32_t kReplyMagic = 0x31454D55;  // "UME1"

enum class ReplyKind : uint32_t {
  kError = 1,
  kVideo = 2,
  kFrame = 3,
  kEnd = 4
};

struct ReplyHead {
  uint32_t magic = kReplyMagic;
  ReplyKind kind = ReplyKind::kEnd;
  uint64_t size = 0;  // bytes that follow
};

// kError carries a text, at most this long.
constexpr uint64_t kMaxErrorBytes = 1024;

// The content of kVideo.
struct VideoReply {
  int64_t total_frames = 0;  // in the file, counted
  int64_t num_frames = 0;    // that follow
  int64_t width = 0;         // as the file declares; frames may differ
  int64_t height = 0;
  double fps = 0;         // of the file, on average
  double duration_s = 0;  // total_frames / fps
};

// kFrame begins with this; height * width * 3 bytes of RGB follow.
struct FrameReply {
  int64_t height = 0;
  int64_t width = 0;
};

static_assert(sizeof(ReplyHead) == 16);
static_assert(sizeof(VideoReply) == 48);
static_assert(sizeof(FrameReply) == 16);

}  // namespace ume
