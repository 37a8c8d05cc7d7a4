#include "data/prepare/internal/sequence_builder.h"

#include <bit>
#include <cmath>
#include <span>
#include <utility>

#include "common/error/error.h"
#include "common/hash/xxh3.h"

namespace ume::internal {
namespace {

std::string digest_of(
    const PreparedPrompt& prompt,
    const std::vector<std::shared_ptr<const PreparedMedia>>& media) {
  Xxh3Hasher hasher;
  hasher.update_u64(prompt.ids.size());
  for (const int64_t id : prompt.ids) {
    hasher.update_u64(static_cast<uint64_t>(id));
  }
  for (size_t i = 0; i < media.size(); ++i) {
    const MediaSpan& span = prompt.media[i];
    hasher.update_u64(static_cast<uint64_t>(span.kind));
    for (const int64_t side : span.grid) hasher.update_u64(side);
    hasher.update_u64(std::bit_cast<uint64_t>(span.seconds_per_grid));
    hasher.update_field(media[i]->hash);
  }
  return hasher.hex();
}

}  // namespace

ChatMarkers ChatMarkers::of(const Tokenizer& tokenizer) {
  return {tokenizer.required_token_id("<|im_start|>"),
          tokenizer.required_token_id("<|im_end|>"),
          tokenizer.required_token_id("<|vision_start|>"),
          tokenizer.required_token_id("<|vision_end|>"),
          tokenizer.required_token_id("<|image_pad|>"),
          tokenizer.required_token_id("<|video_pad|>")};
}

void SequenceBuilder::add_control(int64_t id) {
  flush();
  prompt_.ids.push_back(id);
}

void SequenceBuilder::begin_turn(std::string_view role) {
  add_control(rules_.markers.im_start);
  add_text(role);
  add_text("\n");
}

void SequenceBuilder::end_turn() {
  add_control(rules_.markers.im_end);
  add_text("\n");
}

void SequenceBuilder::add_pads(MediaKind kind,
                               std::shared_ptr<const PreparedMedia> media,
                               double fps) {
  flush();
  MediaSpan span;
  span.kind = kind;
  span.first_token = static_cast<int64_t>(prompt_.ids.size());
  span.num_tokens = media->patches.num_patches() / rules_.merge_area;
  span.grid = media->patches.grid;
  if (kind == MediaKind::kVideo) {
    // Of a video file, `fps` was what to sample with; this is what came out.
    if (media->sampled_fps > 0) fps = media->sampled_fps;
    if (!std::isfinite(fps) || fps <= 0) {
      throw InvalidInput("fps of a video is " + std::to_string(fps) +
                         "; expected a positive number");
    }
    span.seconds_per_grid = static_cast<double>(rules_.temporal_patch) / fps;
  }
  num_media_tokens_ += span.num_tokens;
  if (num_media_tokens_ > rules_.max_media_tokens) {
    throw InvalidInput("the media of a prompt need " +
                       std::to_string(num_media_tokens_) +
                       " visual tokens; max_media_tokens is " +
                       std::to_string(rules_.max_media_tokens));
  }
  prompt_.ids.insert(prompt_.ids.end(), span.num_tokens,
                     rules_.markers.pad(kind));
  prompt_.media.push_back(span);
  media_.push_back(std::move(media));
}

void SequenceBuilder::add_media(MediaKind kind,
                                std::shared_ptr<const PreparedMedia> media,
                                double fps) {
  add_control(rules_.markers.vision_start);
  add_pads(kind, std::move(media), fps);
  add_control(rules_.markers.vision_end);
}

int64_t SequenceBuilder::num_tokens() {
  flush();
  return static_cast<int64_t>(prompt_.ids.size());
}

PreparedPrompt SequenceBuilder::finish(int64_t num_tokens) {
  flush();
  if (num_tokens > 0 && num_tokens < static_cast<int64_t>(prompt_.ids.size())) {
    if (!prompt_.media.empty()) {
      const MediaSpan& last = prompt_.media.back();
      const int64_t end = last.first_token + last.num_tokens;
      if (end > num_tokens) {
        throw InvalidInput("cutting the sequence to " +
                           std::to_string(num_tokens) +
                           " tokens would cut a picture or video that ends at "
                           "token " +
                           std::to_string(end));
      }
    }
    prompt_.ids.resize(num_tokens);
  }
  copy_patches();
  prompt_.digest = digest_of(prompt_, media_);
  return std::move(prompt_);
}

void SequenceBuilder::flush() {
  if (pending_.empty()) return;
  const std::vector<int64_t> ids =
      rules_.tokenizer.encode(pending_, rules_.text_control);
  for (const int64_t id : ids) {
    if (id == rules_.markers.image_pad || id == rules_.markers.video_pad) {
      throw InvalidInput(
          "the text contains a visual pad token without its picture or video");
    }
  }
  prompt_.ids.insert(prompt_.ids.end(), ids.begin(), ids.end());
  pending_.clear();
}

void SequenceBuilder::copy_patches() {
  size_t num_values = 0;
  for (const auto& media : media_) num_values += media->patches.values.size();
  prompt_.patches.reserve(num_values);
  for (const auto& media : media_) {
    prompt_.num_patches += media->patches.num_patches();
    prompt_.patches.insert(prompt_.patches.end(), media->patches.values.begin(),
                           media->patches.values.end());
  }
  if (prompt_.num_patches > 0) {
    prompt_.patch_dim = static_cast<int64_t>(num_values) / prompt_.num_patches;
  }
}

}  // namespace ume::internal
