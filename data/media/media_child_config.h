#pragma once

#include <cstdint>
#include <string>

#include "common/config/checks.h"

namespace ume {

// Videos and documents, which ume-media decodes (data/media/media_child.h).
struct MediaChildConfig {
  double timeout_s = 60.0;
  int64_t memory_bytes = int64_t{2} << 30;
  int64_t video_frames = 0;
  int64_t min_video_frames = 4;
  int64_t max_video_frames = 512;
  int64_t max_video_bytes = int64_t{4} << 30;
  double document_dpi = 144.0;
  int64_t max_document_bytes = int64_t{256} << 20;

  // section: where it stands, as "data.media_child"; begins the messages.
  void validate(const std::string& section) const;
};

template <class V>
void visit_fields(V& v, MediaChildConfig& c) {
  v("timeout_s", c.timeout_s,
    "the wait 'media child': decoding one video or page that takes longer is "
    "ended and the file refused");
  v("memory_bytes", c.memory_bytes,
    "a file that needs more memory to be decoded is refused");
  v("video_frames", c.video_frames,
    "frames of a video file, evenly spaced; 0: as many as a record's fps says");
  v("min_video_frames", c.min_video_frames,
    "by fps: at least this many, as far as the file has them");
  v("max_video_frames", c.max_video_frames,
    "by fps: at most this many, evenly spaced");
  v("max_video_bytes", c.max_video_bytes, "a larger video file is refused");
  v("document_dpi", c.document_dpi, "pixels an inch of document pages");
  v("max_document_bytes", c.max_document_bytes, "a larger document is refused");
}

inline void MediaChildConfig::validate(const std::string& section) const {
  constexpr int64_t kMostBytes = 1'000'000'000'000'000;
  const ConfigChecks check(section);
  check.within("timeout_s", timeout_s, 0.1, 86400);
  check.within("memory_bytes", memory_bytes, 64 << 20, kMostBytes);
  check.within("video_frames", video_frames, 0, 4096);
  check.within("min_video_frames", min_video_frames, 1, 4096);
  check.within("max_video_frames", max_video_frames, min_video_frames, 4096);
  check.within("max_video_bytes", max_video_bytes, 1, kMostBytes);
  check.within("document_dpi", document_dpi, 18, 1200);
  // Documents are read whole; poppler counts their bytes in an int.
  check.within("max_document_bytes", max_document_bytes, 1, INT32_MAX);
}

}  // namespace ume
