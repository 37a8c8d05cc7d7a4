#include "data/prepare/preparer.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "common/error/error.h"
#include "data/prepare/internal/rendered_chat.h"
#include "data/prepare/internal/sequence_builder.h"
#include "data/prepare/media_loader.h"
#include "data/prepare/prompt_template.h"
#include "data/records/media_roots.h"

namespace ume {
namespace {

using internal::ChatMarkers;
using internal::ChatRenderer;
using internal::RenderedPiece;
using internal::SequenceBuilder;
using internal::SequenceRules;

constexpr std::string_view kSystemText = "You are a helpful assistant.";
constexpr std::string_view kImageMarker = "<image>";
constexpr std::string_view kVideoMarker = "<video>";
// <|im_start|>, "assistant" and the newline in the family's vocabulary.
constexpr int64_t kHeaderTokens = 3;
// What the published cold start assumes of every video.
constexpr double kExampleFps = 2.0;

MediaRoots roots_of(const PreparerOptions& options) {
  std::map<std::string, std::string> folders = options.prepare.media_roots;
  folders.try_emplace(".", options.record_folder.string());
  return MediaRoots(folders);
}

const PrepareConfig& validated(const PreparerOptions& options) {
  options.prepare.validate();
  return options.prepare;
}

SequenceRules rules_for(const Tokenizer& tokenizer,
                        const PreprocessorConfig& preprocessor,
                        const PrepareConfig& config) {
  return {tokenizer,
          ChatMarkers::of(tokenizer),
          config.control_tokens_in_text ? ControlTokens::kRecognise
                                        : ControlTokens::kAsText,
          preprocessor.temporal_patch_size,
          preprocessor.merge_size * preprocessor.merge_size,
          config.max_media_tokens};
}

void add_system_turn(SequenceBuilder& builder) {
  builder.begin_turn("system");
  builder.add_text(kSystemText);
  builder.end_turn();
}

// Hands out an example's media as its markers ask for them.
class MarkerMedia {
 public:
  MarkerMedia(MediaLoader& loader, const AnnotatedSide& side)
      : loader_(loader), side_(side) {}

  void add(MediaKind kind, SequenceBuilder& builder) {
    if (kind == MediaKind::kImage) {
      if (next_image_ == side_.images.size()) refuse("<image>", next_image_);
      const std::span<const MediaRef> file(&side_.images[next_image_++], 1);
      builder.add_media(kind, loader_.load(kind, file), kExampleFps);
    } else {
      if (side_.frames.empty() || video_used_) {
        refuse("<video>", side_.frames.empty() ? 0 : 1);
      }
      video_used_ = true;
      builder.add_media(kind, loader_.load(kind, side_.frames, kExampleFps),
                        kExampleFps);
    }
  }

  void check_all_used() const {
    if (next_image_ != side_.images.size() ||
        (!side_.frames.empty() && !video_used_)) {
      throw InvalidInput(
          "the conversation has " + std::to_string(next_image_) +
          " <image> and " + std::to_string(video_used_ ? 1 : 0) +
          " <video> markers, the record " +
          std::to_string(side_.images.size()) + " pictures and " +
          std::to_string(side_.frames.empty() ? 0 : 1) + " videos");
    }
  }

 private:
  [[noreturn]] static void refuse(const char* marker, size_t available) {
    throw InvalidInput("the conversation has more " + std::string(marker) +
                       " markers than the record has media (" +
                       std::to_string(available) + ")");
  }

  MediaLoader& loader_;
  const AnnotatedSide& side_;
  size_t next_image_ = 0;
  bool video_used_ = false;
};

void add_marked_text(std::string_view text,
                     MarkerMedia& media,
                     SequenceBuilder& builder) {
  while (true) {
    const size_t image = text.find(kImageMarker);
    const size_t video = text.find(kVideoMarker);
    const size_t at = std::min(image, video);
    builder.add_text(text.substr(0, at));
    if (at == text.npos) return;
    const bool is_image = image < video;
    media.add(is_image ? MediaKind::kImage : MediaKind::kVideo, builder);
    text.remove_prefix(at + (is_image ? kImageMarker : kVideoMarker).size());
  }
}

}  // namespace

struct PromptPreparer::State {
  explicit State(const PreparerOptions& options)
      : config(validated(options)),
        prompt_template(parse_prompt_template(config.prompt_template)),
        max_example_tokens(options.max_example_tokens),
        model_folder(options.model_folder),
        tokenizer(Tokenizer::load(options.model_folder)),
        loader(read_preprocessor_config(options.model_folder /
                                        "preprocessor_config.json"),
               config,
               roots_of(options)),
        rules(rules_for(tokenizer, loader.preprocessor(), config)) {}

  void add_blank(SequenceBuilder& builder) const {
    if (loader.blank() != nullptr) {
      builder.add_media(MediaKind::kImage, loader.blank(), 0);
    }
  }

  // Most uses need no chat template, and not every folder has one.
  const ChatRenderer& chat_renderer() {
    std::call_once(renderer_made, [this] {
      renderer.emplace(ChatTemplate::load(model_folder), tokenizer);
    });
    return *renderer;
  }

  const PrepareConfig config;
  const PromptTemplate prompt_template;
  const int64_t max_example_tokens;
  const std::filesystem::path model_folder;
  const Tokenizer tokenizer;
  MediaLoader loader;         // thread-safe
  const SequenceRules rules;  // points to tokenizer
  std::once_flag renderer_made;
  std::optional<ChatRenderer> renderer;
};

PromptPreparer::PromptPreparer(const PreparerOptions& options)
    : state_(std::make_unique<State>(options)) {}

PromptPreparer::PromptPreparer(PromptPreparer&&) noexcept = default;
PromptPreparer& PromptPreparer::operator=(PromptPreparer&&) noexcept = default;
PromptPreparer::~PromptPreparer() = default;

void PromptPreparer::check_chat_template() const {
  state_->chat_renderer();
}

const Tokenizer& PromptPreparer::tokenizer() const {
  return state_->tokenizer;
}

const PreprocessorConfig& PromptPreparer::preprocessor() const {
  return state_->loader.preprocessor();
}

PreparedPrompt PromptPreparer::prepare(const PromptRecord& record) const {
  if (!record.images.empty() && !record.frames.empty()) {
    throw InvalidInput(
        "a record has pictures and a video; expected one kind of media");
  }
  SequenceBuilder builder(state_->rules);
  add_system_turn(builder);
  builder.begin_turn("user");
  MediaLoader& loader = state_->loader;
  for (const MediaRef& image : record.images) {
    builder.add_media(MediaKind::kImage,
                      loader.load(MediaKind::kImage, {&image, 1}), 0);
  }
  if (!record.frames.empty()) {
    builder.add_media(MediaKind::kVideo,
                      loader.load(MediaKind::kVideo, record.frames, record.fps),
                      record.fps);
  }
  if (record.images.empty() && record.frames.empty()) {
    state_->add_blank(builder);
  }
  builder.add_text(user_text(state_->prompt_template, record.text));
  builder.end_turn();
  builder.begin_turn("assistant");
  return builder.finish();
}

PreparedExample PromptPreparer::prepare_example(
    const AnnotatedSide& side) const {
  SequenceBuilder builder(state_->rules);
  MarkerMedia media(state_->loader, side);
  add_system_turn(builder);
  bool wants_blank = side.images.empty() && side.frames.empty();
  std::vector<std::pair<int64_t, int64_t>> learned;  // [first, end)
  for (size_t i = 0; i < side.turns.size(); ++i) {
    const Turn& turn = side.turns[i];
    const bool is_user = turn.role == "user";
    if (!is_user && turn.role != "assistant") {
      throw InvalidInput("turn " + std::to_string(i) + " has the role '" +
                         turn.role + "'; expected user or assistant");
    }
    if (i == 0 && !is_user) continue;
    const int64_t first = builder.num_tokens();
    builder.begin_turn(turn.role);
    if (is_user) {
      if (std::exchange(wants_blank, false)) state_->add_blank(builder);
      add_marked_text(turn.text, media, builder);
    } else {
      builder.add_text(turn.text);
    }
    builder.end_turn();
    if (!is_user)
      learned.push_back({first + kHeaderTokens, builder.num_tokens()});
  }
  media.check_all_used();
  PreparedExample example;
  example.prompt = builder.finish(state_->max_example_tokens);
  const auto& ids = example.prompt.ids;
  example.labels.assign(ids.size(), kIgnoredLabel);
  for (const auto& [first, end] : learned) {
    const auto stop = std::min<int64_t>(end, ids.size());
    for (int64_t t = first; t < stop; ++t) example.labels[t] = ids[t];
  }
  return example;
}

PreparedPrompt PromptPreparer::prepare_messages(
    const std::vector<ChatMessage>& messages, const MessageMedia& media) const {
  const ChatMarkers& markers = state_->rules.markers;
  SequenceBuilder builder(state_->rules);
  size_t image = 0;
  size_t video = 0;
  for (const RenderedPiece& piece :
       state_->chat_renderer().render(messages, state_->rules.text_control)) {
    if (piece.control == markers.image_pad) {
      if (image++ < media.images.size()) {
        builder.add_pads(MediaKind::kImage,
                         state_->loader.load(MediaKind::kImage,
                                             {&media.images[image - 1], 1}),
                         0);
      }
    } else if (piece.control == markers.video_pad) {
      if (video++ < media.videos.size()) {
        const VideoRef& clip = media.videos[video - 1];
        builder.add_pads(
            MediaKind::kVideo,
            state_->loader.load(MediaKind::kVideo, clip.frames, clip.fps),
            clip.fps);
      }
    } else if (piece.control >= 0) {
      builder.add_control(piece.control);
    } else {
      builder.add_text(piece.text);
    }
  }
  if (image != media.images.size() || video != media.videos.size()) {
    throw InvalidInput("the conversation has places for " +
                       std::to_string(image) + " pictures and " +
                       std::to_string(video) + " videos; given are " +
                       std::to_string(media.images.size()) + " and " +
                       std::to_string(media.videos.size()));
  }
  return builder.finish();
}

}  // namespace ume
