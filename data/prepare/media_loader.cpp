#include "data/prepare/media_loader.h"

#include <utility>
#include <vector>

#include "common/error/error.h"
#include "common/hash/xxh3.h"

namespace ume {

using internal::FrameStack;
using internal::StackRules;

namespace {

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

StackRules stack_rules(const PreprocessorConfig& preprocessor,
                       const PrepareConfig& config,
                       const PixelLimits& limits) {
  return {preprocessor.factor(),
          preprocessor.temporal_patch_size,
          limits,
          parse_rule(config.resize_rule),
          config.published_reader,
          config.max_media_tokens};
}

std::string hash_of(const MediaPatches& patches) {
  Xxh3Hasher hasher;
  for (const int64_t side : patches.grid) hasher.update_u64(side);
  hasher.update(std::as_bytes(std::span(patches.values)));
  return hasher.hex();
}

// Size and time tell a replaced file from the cached one.
std::string cache_key(MediaKind kind,
                      std::span<const MediaFile> files,
                      double fps) {
  std::string key = kind == MediaKind::kImage ? "i" : "v" + std::to_string(fps);
  for (const MediaFile& file : files) {
    key += '\0' + file.path.string() + '\0' + std::to_string(file.page) + ' ' +
           std::to_string(file.size) + ' ' + std::to_string(file.modified_ns);
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
      max_video_bytes_(config.media_child.max_video_bytes),
      max_document_bytes_(config.media_child.max_document_bytes),
      image_rules_(stack_rules(preprocessor,
                               config,
                               choose_limits(preprocessor.limits,
                                             config.image_min_pixels,
                                             config.image_max_pixels))),
      video_rules_(stack_rules(preprocessor,
                               config,
                               choose_limits(preprocessor.limits,
                                             config.video_min_pixels,
                                             config.video_max_pixels))),
      child_(config.media_child, config.max_picture_pixels),
      cache_(config.cache_bytes) {
  if (config.text_only_blank_image == "image28") blank_ = make_blank(28);
  if (config.text_only_blank_image == "image56") blank_ = make_blank(56);
}

std::shared_ptr<const PreparedMedia> MediaLoader::load(
    MediaKind kind, std::span<const MediaRef> files, double fps) {
  std::vector<MediaFile> opened;
  for (const MediaRef& file : files) opened.push_back(open(file));
  const std::string key = cache_key(kind, opened, fps);
  std::shared_ptr<const PreparedMedia> media = cache_.find(key);
  if (media == nullptr) {
    media = std::make_shared<const PreparedMedia>(prepare(kind, opened, fps));
    cache_.insert(key, media);
  }
  for (size_t i = 0; i < files.size(); ++i) {
    const std::string& expected = files[i].content_hash;
    if (!expected.empty() && expected != media->content_hashes[i]) {
      throw InvalidInput(opened[i].path.string() + ": content hash is " +
                         media->content_hashes[i] + "; the record says " +
                         expected);
    }
  }
  return media;
}

MediaFile MediaLoader::open(const MediaRef& file) const {
  if (!file.root.empty()) return roots_.open(file, "media");
  if (file.path.empty() || file.path.find('\0') != std::string::npos) {
    throw InvalidInput("media: a path is empty or holds a NUL");
  }
  const MediaPath path = parse_media_path(file.path);
  MediaFile opened = open_media_file(path.file);
  opened.page = path.page;
  return opened;
}

RgbImage MediaLoader::read_picture(const MediaFile& file,
                                   std::string& content_hash) const {
  if (content_of(file) == MediaContent::kDocument) {
    content_hash = hash_media_file(file, max_document_bytes_);
    return child_.render_page(file.file, file.path.string(), file.page);
  }
  const std::vector<uint8_t> bytes =
      read_media_file(file, decode_options_.max_file_bytes);
  content_hash = xxh3_hex(std::as_bytes(std::span(bytes)));
  return decode_image(bytes, file.path.string(), decode_options_);
}

PreparedMedia MediaLoader::prepare(MediaKind kind,
                                   std::span<const MediaFile> files,
                                   double fps) const {
  if (files.empty()) throw InvalidInput("a video without frames");
  const bool is_video = kind == MediaKind::kVideo;
  if (is_video && files.size() == 1 &&
      content_of(files[0]) == MediaContent::kOther) {
    return prepare_video_file(files[0], fps);
  }
  PreparedMedia media;
  media.content_hashes.resize(files.size());
  FrameStack stack(is_video ? video_rules_ : image_rules_,
                   static_cast<int64_t>(files.size()), files[0].path.string());
  for (size_t i = 0; i < files.size(); ++i) {
    stack.add(read_picture(files[i], media.content_hashes[i]));
  }
  return finish(std::move(media), stack);
}

PreparedMedia MediaLoader::prepare_video_file(const MediaFile& file,
                                              double fps) const {
  PreparedMedia media;
  media.content_hashes = {hash_media_file(file, max_video_bytes_)};
  VideoFrames video = child_.open_video(file.file, file.path.string(), fps);
  FrameStack stack(video_rules_, video.info().num_frames, file.path.string());
  while (std::optional<RgbImage> frame = video.next()) {
    stack.add(std::move(*frame));
  }
  media.sampled_fps = video.sampled_fps();
  return finish(std::move(media), stack);
}

PreparedMedia MediaLoader::finish(PreparedMedia media,
                                  const FrameStack& stack) const {
  media.patches = cut_patches(stack.frames(), preprocessor_);
  media.hash = hash_of(media.patches);
  return media;
}

std::shared_ptr<const PreparedMedia> MediaLoader::make_blank(
    int64_t side) const {
  const RgbImage white{side, side, std::vector<uint8_t>(side * side * 3, 255)};
  PreparedMedia media;
  media.patches = make_patches({&white, 1}, preprocessor_, image_rules_.limits,
                               image_rules_.rule);
  media.hash = hash_of(media.patches);
  return std::make_shared<const PreparedMedia>(std::move(media));
}

}  // namespace ume
