#include "data/prepare/media_loader.h"

#include <utility>
#include <vector>

#include "common/error/error.h"
#include "common/hash/xxh3.h"
#include "data/media/resize.h"

namespace ume {
namespace {

struct SizeRule {
  int64_t factor = 28;
  PixelLimits limits;
  ResizeRule rule = ResizeRule::kTransformers5;
};

// What the published reader does before the processor.
constexpr SizeRule kReader{
    28, {4 * 28 * 28, 16384 * 28 * 28}, ResizeRule::kQwenVlUtils};

PictureSize size_for(const RgbImage& image,
                     const std::filesystem::path& path,
                     const SizeRule& rule) {
  try {
    return smart_resize({image.height, image.width}, rule.factor, rule.limits,
                        rule.rule);
  } catch (const InvalidInput& error) {
    throw InvalidInput(path.string() + ": " + error.what());
  }
}

PixelLimits choose_limits(const PixelLimits& checkpoint,
                          int64_t min_pixels,
                          int64_t max_pixels) {
  PixelLimits limits{min_pixels > 0 ? min_pixels : checkpoint.min_pixels,
                     max_pixels > 0 ? max_pixels : checkpoint.max_pixels};
  // One bound alone may cross the checkpoint's other one; the given one wins.
  if (limits.min_pixels > limits.max_pixels) {
    (min_pixels > 0 ? limits.max_pixels : limits.min_pixels) =
        min_pixels > 0 ? limits.min_pixels : limits.max_pixels;
  }
  return limits;
}

DecodeOptions decode_options(const PrepareConfig& config) {
  DecodeOptions options;
  options.max_pixels = config.max_picture_pixels;
  options.max_file_bytes = config.max_file_bytes;
  options.alpha =
      config.alpha == "white" ? AlphaMode::kWhite : AlphaMode::kDrop;
  options.apply_exif_orientation = config.apply_exif_orientation;
  return options;
}

ResizeRule parse_rule(const std::string& name) {
  if (name == "transformers450") return ResizeRule::kTransformers450;
  if (name == "qwen_vl_utils") return ResizeRule::kQwenVlUtils;
  return ResizeRule::kTransformers5;
}

std::string hash_of(const MediaPatches& patches) {
  Xxh3Hasher hasher;
  for (const int64_t side : patches.grid) hasher.update_u64(side);
  hasher.update(std::as_bytes(std::span(patches.values)));
  return hasher.hex();
}

// Size and time tell a replaced file from the cached one.
std::string cache_key(MediaKind kind,
                      std::span<const std::filesystem::path> paths) {
  std::string key = kind == MediaKind::kImage ? "i" : "v";
  for (const auto& path : paths) {
    std::error_code error;
    const auto size = std::filesystem::file_size(path, error);
    const auto time = std::filesystem::last_write_time(path, error);
    key += '\0' + path.string() + '\0' + std::to_string(size) + ' ' +
           std::to_string(time.time_since_epoch().count());
  }
  return key;
}

}  // namespace

MediaLoader::MediaLoader(const PreprocessorConfig& preprocessor,
                         const PrepareConfig& config,
                         MediaRoots roots)
    : preprocessor_(preprocessor),
      roots_(std::move(roots)),
      decode_options_(decode_options(config)),
      image_limits_(choose_limits(preprocessor.limits,
                                  config.image_min_pixels,
                                  config.image_max_pixels)),
      video_limits_(choose_limits(preprocessor.limits,
                                  config.video_min_pixels,
                                  config.video_max_pixels)),
      rule_(parse_rule(config.resize_rule)),
      published_reader_(config.published_reader),
      max_media_tokens_(config.max_media_tokens),
      cache_(config.cache_bytes) {
  if (config.text_only_blank_image == "image28") blank_ = make_blank(28);
  if (config.text_only_blank_image == "image56") blank_ = make_blank(56);
}

std::shared_ptr<const PreparedMedia> MediaLoader::load(
    MediaKind kind, std::span<const MediaRef> files) {
  std::vector<std::filesystem::path> paths;
  for (const MediaRef& file : files) paths.push_back(resolve(file));
  const std::string key = cache_key(kind, paths);
  std::shared_ptr<const PreparedMedia> media = cache_.find(key);
  if (media == nullptr) {
    media = std::make_shared<const PreparedMedia>(prepare(kind, paths));
    cache_.insert(key, media);
  }
  for (size_t i = 0; i < files.size(); ++i) {
    const std::string& expected = files[i].content_hash;
    if (!expected.empty() && expected != media->content_hashes[i]) {
      throw InvalidInput(paths[i].string() + ": content hash is " +
                         media->content_hashes[i] + "; the record says " +
                         expected);
    }
  }
  return media;
}

std::filesystem::path MediaLoader::resolve(const MediaRef& file) const {
  if (!file.root.empty()) return roots_.resolve(file, "media");
  if (file.path.empty() || file.path.find('\0') != std::string::npos) {
    throw InvalidInput("media: a path is empty or holds a NUL");
  }
  return file.path;
}

RgbImage MediaLoader::decode(const std::filesystem::path& path,
                             std::string& content_hash) const {
  const std::vector<uint8_t> bytes =
      read_media_file(path, decode_options_.max_file_bytes);
  content_hash = xxh3_hex(std::as_bytes(std::span(bytes)));
  RgbImage image = decode_image(bytes, path.string(), decode_options_);
  if (!published_reader_) return image;
  const PictureSize size = size_for(image, path, kReader);
  return resize_bicubic(image, size.height, size.width);
}

// Frames are resized one by one, so that a long video of large frames needs
// little more memory than its result.
PreparedMedia MediaLoader::prepare(
    MediaKind kind, std::span<const std::filesystem::path> paths) const {
  if (paths.empty()) throw InvalidInput("a video without frames");
  PreparedMedia media;
  media.content_hashes.resize(paths.size());
  std::vector<RgbImage> frames;
  PictureSize size;
  for (size_t i = 0; i < paths.size(); ++i) {
    const RgbImage frame = decode(paths[i], media.content_hashes[i]);
    if (i == 0) {
      size = size_for(frame, paths[i],
                      {preprocessor_.factor(), limits(kind), rule_});
      check_tokens(size, paths);
    }
    frames.push_back(resize_bicubic(frame, size.height, size.width));
  }
  media.patches = cut_patches(frames, preprocessor_);
  media.hash = hash_of(media.patches);
  return media;
}

// Before the other frames are read.
void MediaLoader::check_tokens(
    PictureSize size, std::span<const std::filesystem::path> paths) const {
  const int64_t depth = preprocessor_.temporal_patch_size;
  const int64_t steps =
      (static_cast<int64_t>(paths.size()) + depth - 1) / depth;
  const int64_t per_step = size.height / preprocessor_.factor() *
                           (size.width / preprocessor_.factor());
  if (per_step > max_media_tokens_ / steps) {
    throw InvalidInput(paths[0].string() + ": needs " +
                       std::to_string(per_step) + " visual tokens times " +
                       std::to_string(steps) + " steps; max_media_tokens is " +
                       std::to_string(max_media_tokens_));
  }
}

std::shared_ptr<const PreparedMedia> MediaLoader::make_blank(
    int64_t side) const {
  const RgbImage white{side, side, std::vector<uint8_t>(side * side * 3, 255)};
  PreparedMedia media;
  media.patches =
      make_patches({&white, 1}, preprocessor_, image_limits_, rule_);
  media.hash = hash_of(media.patches);
  return std::make_shared<const PreparedMedia>(std::move(media));
}

}  // namespace ume
