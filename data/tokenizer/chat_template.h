#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ume {

enum class ChatPartType : uint8_t { kText, kImage, kVideo };

// One entry of a message's content list. `text`: of a text part; of media a
// name that the usual templates do not print.
struct ChatPart {
  ChatPartType type = ChatPartType::kText;
  std::string text;
  bool operator==(const ChatPart&) const = default;
};

struct ChatMessage {
  std::string role;             // "system", "user" or "assistant"
  std::string text;             // the content, where `parts` is empty
  std::vector<ChatPart> parts;  // the content as a list
  bool operator==(const ChatMessage&) const = default;
};

struct ChatOptions {
  bool add_generation_prompt = true;  // end with the assistant's header
  bool add_vision_id = false;         // "Picture 1: " before each picture
};

// A checkpoint's chat template: the subset of Jinja that the Qwen2-VL family
// uses. Text, {{ }}, {# #}; set, for (loop.first/last/index/index0/length),
// if/elif/else; strings, integers, true/false/none, names, a.b, a['b'], a[0],
// namespace(); not and or, == != < <= > >=, in, + - ~, "is [not]"
// string/mapping/none/defined/undefined; white-space control, blocks trimmed
// as transformers does. Everything else is refused by name and position, never
// ignored. Output and work are bounded. Immutable: one object serves all
// threads.
class ChatTemplate {
 public:
  // The first of chat_template.jinja, chat_template.json ("chat_template") and
  // tokenizer_config.json ("chat_template": text, or a list of {"name",
  // "template"} whose "default" is taken). Throws InvalidInput;
  // IoError when the file cannot be read.
  static ChatTemplate load(const std::filesystem::path& model_folder);
  // `name` stands for the source in messages. At most 256 KiB.
  static ChatTemplate parse(std::string source, const std::string& name);

  std::string render(const std::vector<ChatMessage>& messages,
                     const ChatOptions& options = {}) const;

 private:
  struct Program;
  explicit ChatTemplate(std::shared_ptr<const Program> program)
      : program_(std::move(program)) {}

  std::shared_ptr<const Program> program_;
};

}  // namespace ume
