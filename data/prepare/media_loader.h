#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "common/types/prepared_prompt.h"
#include "common/types/record.h"
#include "data/media/decode_image.h"
#include "data/media/preprocessor_config.h"
#include "data/prepare/media_cache.h"
#include "data/prepare/prepare_config.h"
#include "data/records/media_roots.h"

namespace ume {

// Reads media by reference: file, decoding, resizing, patches; with a cache.
// Thread-safe.
class MediaLoader {
 public:
  // A reference with an empty root is a path as the user gave it.
  MediaLoader(const PreprocessorConfig& preprocessor,
              const PrepareConfig& config,
              MediaRoots roots);

  // files: one for a picture; the frames of a video in order.
  // Throws InvalidInput, naming the file, for an unknown root, a path that
  // leaves its root, a missing file, other content than the reference's hash,
  // what cannot be decoded, and more visual tokens than the configuration
  // allows; IoError if reading fails.
  std::shared_ptr<const PreparedMedia> load(MediaKind kind,
                                            std::span<const MediaRef> files);

  // The white picture of the published text-only records, or null.
  std::shared_ptr<const PreparedMedia> blank() const { return blank_; }

  int64_t merge_area() const {
    return preprocessor_.merge_size * preprocessor_.merge_size;
  }
  const PreprocessorConfig& preprocessor() const { return preprocessor_; }

 private:
  const PixelLimits& limits(MediaKind kind) const {
    return kind == MediaKind::kImage ? image_limits_ : video_limits_;
  }
  std::filesystem::path resolve(const MediaRef& file) const;
  RgbImage decode(const std::filesystem::path& path,
                  std::string& content_hash) const;
  PreparedMedia prepare(MediaKind kind,
                        std::span<const std::filesystem::path> paths) const;
  void check_tokens(PictureSize size,
                    std::span<const std::filesystem::path> paths) const;
  std::shared_ptr<const PreparedMedia> make_blank(int64_t side) const;

  const PreprocessorConfig preprocessor_;
  const MediaRoots roots_;
  const DecodeOptions decode_options_;
  const PixelLimits image_limits_;
  const PixelLimits video_limits_;
  const ResizeRule rule_;
  const bool published_reader_;
  const int64_t max_media_tokens_;
  MediaCache cache_;
  std::shared_ptr<const PreparedMedia> blank_;
};

}  // namespace ume
