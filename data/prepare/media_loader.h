#pragma once

#include <memory>
#include <span>
#include <string>

#include "common/types/prepared_prompt.h"
#include "common/types/record.h"
#include "data/media/decode_image.h"
#include "data/media/media_child.h"
#include "data/media/media_file.h"
#include "data/media/preprocessor_config.h"
#include "data/prepare/internal/frame_stack.h"
#include "data/prepare/media_cache.h"
#include "data/prepare/prepare_config.h"
#include "data/records/media_roots.h"

namespace ume {

// Reads media by reference: file, decoding, resizing, patches; with a cache.
// Pictures are decoded here, videos and document pages by ume-media.
// Thread-safe.
class MediaLoader {
 public:
  // A reference with an empty root is a path as the user gave it.
  MediaLoader(const PreprocessorConfig& preprocessor,
              const PrepareConfig& config,
              MediaRoots roots);

  // files: one for a picture, which may be a document's page; for a video its
  // frames in order, or one video file.
  // fps: how densely to sample a video file.
  // Throws InvalidInput, naming the file, for an unknown root, a path that
  // leaves its root, a missing file, other content than the reference's hash,
  // what cannot be decoded, and more visual tokens than the configuration
  // allows; Unavailable if ume-media cannot be started; IoError if reading
  // fails.
  std::shared_ptr<const PreparedMedia> load(MediaKind kind,
                                            std::span<const MediaRef> files,
                                            double fps = 0);

  // The white picture of the published text-only records, or null.
  std::shared_ptr<const PreparedMedia> blank() const { return blank_; }

  int64_t merge_area() const {
    return preprocessor_.merge_size * preprocessor_.merge_size;
  }
  const PreprocessorConfig& preprocessor() const { return preprocessor_; }

 private:
  MediaFile open(const MediaRef& file) const;
  RgbImage read_picture(const MediaFile& file, std::string& content_hash) const;
  PreparedMedia prepare(MediaKind kind,
                        std::span<const MediaFile> files,
                        double fps) const;
  PreparedMedia prepare_video_file(const MediaFile& file, double fps) const;
  PreparedMedia finish(PreparedMedia media,
                       const internal::FrameStack& stack) const;
  std::shared_ptr<const PreparedMedia> make_blank(int64_t side) const;

  const PreprocessorConfig preprocessor_;
  const MediaRoots roots_;
  const DecodeOptions decode_options_;
  const int64_t max_video_bytes_;
  const int64_t max_document_bytes_;
  const internal::StackRules image_rules_;
  const internal::StackRules video_rules_;
  const MediaChild child_;
  MediaCache cache_;
  std::shared_ptr<const PreparedMedia> blank_;
};

}  // namespace ume
