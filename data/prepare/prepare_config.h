#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "common/config/checks.h"
#include "data/media/media_child_config.h"

namespace ume {

// How a record becomes token ids and patches. The defaults are this project's;
// the switches reproduce what UME-R1's published programs did (arXiv
// 2511.00405).
struct PrepareConfig {
  std::string prompt_template = "evaluation";
  std::map<std::string, std::string> media_roots;
  int64_t image_min_pixels = 0;
  int64_t image_max_pixels = 0;
  int64_t video_min_pixels = 0;
  int64_t video_max_pixels = 0;
  int64_t max_media_tokens = 32768;
  std::string text_only_blank_image = "none";
  std::string alpha = "drop";
  bool apply_exif_orientation = false;
  std::string resize_rule = "transformers5";
  bool published_reader = false;
  bool control_tokens_in_text = false;
  int64_t max_picture_pixels = 64'000'000;
  int64_t max_file_bytes = 32ll << 20;
  int64_t cache_bytes = 256ll << 20;
  MediaChildConfig media_child;

  // section: where it stands; begins the messages.
  void validate(const std::string& section = "data") const;
};

template <class V>
void visit_fields(V& v, PrepareConfig& c) {
  v("template", c.prompt_template,
    "prompt around a record's text: evaluation, rl_published, demo or minimal");
  v("media_roots", c.media_roots,
    "name: folder, for media references; '.' is the record file's folder");
  v("image_min_pixels", c.image_min_pixels,
    "smaller pictures are enlarged to this area; 0: as the checkpoint says");
  v("image_max_pixels", c.image_max_pixels,
    "larger pictures are shrunk to this area; 0: as the checkpoint says");
  v("video_min_pixels", c.video_min_pixels,
    "the same for each frame of a video; 0: as the checkpoint says");
  v("video_max_pixels", c.video_max_pixels,
    "the same for each frame of a video; 0: as the checkpoint says");
  v("max_media_tokens", c.max_media_tokens,
    "a prompt whose media need more visual tokens is refused");
  v("text_only_blank_image", c.text_only_blank_image,
    "white picture for records without media: none, or as the published "
    "programs had it: image28 (SFT) or image56 (RL, evaluation)");
  v("alpha", c.alpha,
    "transparency: drop (colours as stored) or white (composed on white)");
  v("apply_exif_orientation", c.apply_exif_orientation,
    "turn pictures as their EXIF data says; the published programs do not");
  v("resize_rule", c.resize_rule,
    "size of thin or tiny pictures: transformers5, transformers450 (refuses "
    "sides below 28) or qwen_vl_utils");
  v("published_reader", c.published_reader,
    "resize once more before the processor, as published RL and evaluation");
  v("control_tokens_in_text", c.control_tokens_in_text,
    "true: <|im_end|> and the like inside a record's text become control "
    "tokens, as in the published programs; false: they stay text");
  v("max_picture_pixels", c.max_picture_pixels,
    "a picture, frame or page whose header claims more is refused before "
    "decoding");
  v("max_file_bytes", c.max_file_bytes, "a larger picture file is refused");
  v("cache_bytes", c.cache_bytes,
    "memory for prepared media that may be used again; 0: none");
  v("media_child", c.media_child,
    "videos and documents, which the program ume-media decodes");
}

inline void PrepareConfig::validate(const std::string& section) const {
  constexpr int64_t kMostPixels = int64_t{1} << 40;  // as of checkpoints
  constexpr int64_t kMostBytes = 1'000'000'000'000'000;
  const ConfigChecks check(section);
  check.one_of("template", prompt_template,
               {"evaluation", "rl_published", "demo", "minimal"});
  check.within("image_min_pixels", image_min_pixels, 0, kMostPixels);
  check.within("image_max_pixels", image_max_pixels, 0, kMostPixels);
  check.at_least("image_max_pixels", image_max_pixels, 0);
  check.that(image_max_pixels == 0 || image_min_pixels <= image_max_pixels,
             "image_min_pixels", image_min_pixels, "at most image_max_pixels");
  check.within("video_min_pixels", video_min_pixels, 0, kMostPixels);
  check.within("video_max_pixels", video_max_pixels, 0, kMostPixels);
  check.at_least("video_max_pixels", video_max_pixels, 0);
  check.that(video_max_pixels == 0 || video_min_pixels <= video_max_pixels,
             "video_min_pixels", video_min_pixels, "at most video_max_pixels");
  check.at_least("max_media_tokens", max_media_tokens, 1);
  check.one_of("text_only_blank_image", text_only_blank_image,
               {"none", "image28", "image56"});
  check.one_of("alpha", alpha, {"drop", "white"});
  check.one_of("resize_rule", resize_rule,
               {"transformers5", "transformers450", "qwen_vl_utils"});
  check.within("max_picture_pixels", max_picture_pixels, 1, INT32_MAX);
  check.within("max_file_bytes", max_file_bytes, 1, kMostBytes);
  check.within("cache_bytes", cache_bytes, 0, kMostBytes);
  media_child.validate(check.path("media_child"));
}

}  // namespace ume
