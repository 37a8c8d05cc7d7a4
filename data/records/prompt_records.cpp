#include "data/records/prompt_records.h"

#include <algorithm>
#include <new>
#include <nlohmann/json.hpp>

#include "common/config/nearest.h"
#include "common/error/error.h"
#include "common/tensorfile/bounded_json.h"
#include "data/internal/json_file.h"
#include "data/records/internal/fields.h"

namespace ume {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxLineBytes = 16u << 20;
constexpr double kMaxFps = 1000.0;
constexpr size_t kMaxMembers = 1000;

// "image" for "images" would silently embed the text alone.
void refuse_mistyped(const Json& object,
                     const std::vector<std::string>& known,
                     const std::string& where) {
  if (object.size() > kMaxMembers) {
    throw InvalidInput(where + ": " + std::to_string(object.size()) +
                       " members; at most " + std::to_string(kMaxMembers) +
                       " are accepted");
  }
  for (const auto& [key, value] : object.items()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    const std::string meant = nearest_word(key, known);
    if (!meant.empty() && meant != "id" && !object.contains(meant)) {
      throw InvalidInput(where + ": unknown member " + quote_json(Json(key)) +
                         "; did you mean \"" + meant + "\"?");
    }
  }
}

class PromptParser {
 public:
  explicit PromptParser(const PromptReadOptions& options) : options_(options) {}

  PromptInput parse(const Json& json, const std::string& where) {
    const Fields fields(json, where);
    refuse_mistyped(json, {"id", "text", "images", "video", "fps", "messages"},
                    where);
    input_.id = fields.id();
    if (fields.has("messages")) {
      parse_conversation(fields);
    } else {
      parse_record(fields);
    }
    return std::move(input_);
  }

 private:
  std::vector<MediaRef> media(const Fields& fields, const char* name) const {
    std::vector<MediaRef> refs = fields.media(name, options_.media_root);
    for (MediaRef& ref : refs) {
      if (options_.absolute_paths && ref.path.starts_with('/')) ref.root = "";
    }
    return refs;
  }

  // The frames of a video or its file, and `fps` where given.
  VideoRef video(const Fields& fields) const {
    VideoRef video{media(fields, "video"), PromptRecord{}.fps};
    if (!fields.has("fps")) return video;
    video.fps = fields.number("fps");
    if (!(video.fps > 0) || video.fps > kMaxFps) {
      fields.fail("fps", "expected more than 0 and at most 1000, found " +
                             quote_json(fields.get("fps")));
    }
    if (video.frames.empty()) fields.fail("fps", "there is no video");
    return video;
  }

  void parse_record(const Fields& fields) {
    PromptRecord& record = input_.record;
    record.images = media(fields, "images");
    const VideoRef frames = video(fields);
    record.frames = frames.frames;
    record.fps = frames.fps;
    if (!record.images.empty() && !record.frames.empty()) {
      fields.fail("video", "a record has either images or a video, not both");
    }
    const bool has_media = !record.images.empty() || !record.frames.empty();
    record.text =
        has_media ? fields.text_or_empty("text") : fields.text("text");
  }

  void parse_conversation(const Fields& fields) {
    input_.is_conversation = true;
    for (const char* other : {"text", "images", "video", "fps"}) {
      if (fields.has(other)) {
        fields.fail(other, "a record with 'messages' has this inside them");
      }
    }
    const Json& messages = fields.list("messages");
    if (messages.empty()) fields.fail("messages", "the list is empty");
    for (size_t i = 0; i < messages.size(); ++i) {
      parse_message(messages[i],
                    fields.at("messages") + "[" + std::to_string(i) + "]");
    }
  }

  void parse_message(const Json& json, const std::string& where) {
    const Fields fields(json, where);
    ChatMessage message;
    message.role = fields.text("role");
    if (message.role != "system" && message.role != "user" &&
        message.role != "assistant") {
      fields.fail("role", "expected system, user or assistant, found " +
                              quote_json(Json(message.role)));
    }
    if (fields.get("content").is_array()) {
      const Json& parts = fields.get("content");
      if (parts.empty()) fields.fail("content", "the list is empty");
      for (size_t i = 0; i < parts.size(); ++i) {
        const std::string part =
            fields.at("content") + "[" + std::to_string(i) + "]";
        message.parts.push_back(parse_part(Fields(parts[i], part)));
      }
    } else {
      message.text = fields.text("content");
    }
    input_.messages.push_back(std::move(message));
  }

  ChatPart parse_part(const Fields& fields) {
    const std::string type = fields.text("type");
    if (type == "text") return {ChatPartType::kText, fields.text("text")};
    if (type == "image") {
      const auto refs = media(fields, "image");
      if (refs.size() != 1) fields.fail("image", "expected one path");
      input_.media.images.push_back(refs[0]);
      return {ChatPartType::kImage, refs[0].path};
    }
    if (type == "video") {
      VideoRef frames = video(fields);
      if (frames.frames.empty()) fields.fail("video", "there are no frames");
      ChatPart part{ChatPartType::kVideo, frames.frames[0].path};
      input_.media.videos.push_back(std::move(frames));
      return part;
    }
    fields.fail("type", "expected text, image or video, found " +
                            quote_json(Json(type)));
  }

  const PromptReadOptions& options_;
  PromptInput input_;
};

}  // namespace

PromptInput parse_prompt(std::string_view json,
                         const std::string& where,
                         const PromptReadOptions& options) {
  return PromptParser(options).parse(parse_json(json, where), where);
}

PromptReader::PromptReader(std::istream& stream,
                           std::string name,
                           PromptReadOptions options)
    : name_(std::move(name)),
      options_(std::move(options)),
      lines_(stream, name_, kMaxLineBytes) {}

std::optional<PromptLine> PromptReader::next() {
  while (const std::optional<TextLine> line = lines_.next()) {
    if (line->is_blank()) continue;
    PromptLine result{line->number, std::nullopt, ""};
    const std::string where = name_ + ", line " + std::to_string(line->number);
    try {
      if (line->is_too_long) {
        throw InvalidInput(where + ": more than " +
                           std::to_string(kMaxLineBytes) + " bytes");
      }
      result.input = parse_prompt(line->text, where, options_);
    } catch (const InvalidInput& error) {
      result.error = error.what();
    } catch (const std::bad_alloc&) {
      result.error = where + ": not enough memory to read it";
    }
    return result;
  }
  return std::nullopt;
}

}  // namespace ume
