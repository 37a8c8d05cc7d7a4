#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/types/prepared_prompt.h"
#include "data/prepare/media_cache.h"
#include "data/tokenizer/tokenizer.h"

namespace ume::internal {

// Ids of the tokens that structure a conversation.
struct ChatMarkers {
  int64_t im_start = 0;
  int64_t im_end = 0;
  int64_t vision_start = 0;
  int64_t vision_end = 0;
  int64_t image_pad = 0;
  int64_t video_pad = 0;

  // Throws InvalidInput, naming the token, if the tokenizer lacks one.
  static ChatMarkers of(const Tokenizer& tokenizer);
  int64_t pad(MediaKind kind) const {
    return kind == MediaKind::kImage ? image_pad : video_pad;
  }
};

// What a model's folder fixes for every sequence. Borrowed by the builders.
struct SequenceRules {
  const Tokenizer& tokenizer;
  ChatMarkers markers;
  ControlTokens text_control;  // what control tokens inside text mean
  int64_t temporal_patch = 2;  // frames
  int64_t merge_area = 4;      // patches of one visual token
  int64_t max_media_tokens = 0;
};

// Puts a token sequence together from control tokens, text and media. Text
// between two control tokens is encoded as a whole, as if the rendered string
// had been encoded at once.
class SequenceBuilder {
 public:
  explicit SequenceBuilder(const SequenceRules& rules) : rules_(rules) {}

  void add_control(int64_t id);
  void add_text(std::string_view text) { pending_ += text; }
  // <|im_start|>ROLE and a newline.
  void begin_turn(std::string_view role);
  // <|im_end|> and a newline.
  void end_turn();
  // The pad tokens alone. fps: frames per second of a video. Throws
  // InvalidInput if the prompt gets too many visual tokens or fps is no
  // positive number.
  void add_pads(MediaKind kind,
                std::shared_ptr<const PreparedMedia> media,
                double fps);
  // The pad tokens between <|vision_start|> and <|vision_end|>.
  void add_media(MediaKind kind,
                 std::shared_ptr<const PreparedMedia> media,
                 double fps);

  // So far.
  int64_t num_tokens();

  // num_tokens: where to cut; 0: nowhere. Throws InvalidInput if a picture or
  // video would be cut.
  PreparedPrompt finish(int64_t num_tokens = 0);

 private:
  void flush();
  void copy_patches();

  const SequenceRules& rules_;
  PreparedPrompt prompt_;
  std::vector<std::shared_ptr<const PreparedMedia>> media_;
  std::string pending_;
  int64_t num_media_tokens_ = 0;
};

}  // namespace ume::internal
