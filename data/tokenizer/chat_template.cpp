#include "data/tokenizer/chat_template.h"

#include <nlohmann/json.hpp>

#include "common/error/error.h"
#include "common/files/files.h"
#include "common/tensorfile/bounded_json.h"
#include "data/internal/json_file.h"
#include "data/tokenizer/internal/template_eval.h"
#include "data/tokenizer/internal/template_parser.h"

namespace ume {
namespace {

constexpr size_t kMaxTemplateBytes = 256u << 10;
constexpr size_t kMaxConfigBytes = 16u << 20;

// Jinja reads \r\n and \r as \n.
std::string with_unix_newlines(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r') {
      out += text[i];
      continue;
    }
    out += '\n';
    if (i + 1 < text.size() && text[i + 1] == '\n') ++i;
  }
  return out;
}

// The template in a JSON file's "chat_template".
std::string template_of(const nlohmann::json& root, const std::string& file) {
  const std::string field = file + ": chat_template";
  if (!root.is_object() || !root.contains("chat_template")) {
    throw InvalidInput(field + ": missing");
  }
  const nlohmann::json& value = root["chat_template"];
  if (value.is_string()) return value.get<std::string>();
  if (value.is_array()) {
    for (const auto& entry : value) {
      if (entry.is_object() &&
          entry.value("name", nlohmann::json()) == "default" &&
          entry.value("template", nlohmann::json()).is_string()) {
        return entry["template"].get<std::string>();
      }
    }
    throw InvalidInput(field + ": no template is named 'default'");
  }
  throw InvalidInput(field + ": expected a text or a list, found " +
                     quote_json(value));
}

TemplateValue to_value(const ChatPart& part) {
  switch (part.type) {
    case ChatPartType::kImage:
      return TemplateValue::dict({{"type", TemplateValue::string("image")},
                                  {"image", TemplateValue::string(part.text)}});
    case ChatPartType::kVideo:
      return TemplateValue::dict({{"type", TemplateValue::string("video")},
                                  {"video", TemplateValue::string(part.text)}});
    default:
      return TemplateValue::dict({{"type", TemplateValue::string("text")},
                                  {"text", TemplateValue::string(part.text)}});
  }
}

TemplateValue to_value(const ChatMessage& message) {
  TemplateValue content = TemplateValue::string(message.text);
  if (!message.parts.empty()) {
    TemplateList parts;
    for (const ChatPart& part : message.parts) parts.push_back(to_value(part));
    content = TemplateValue::list(std::move(parts));
  }
  return TemplateValue::dict({{"role", TemplateValue::string(message.role)},
                              {"content", std::move(content)}});
}

}  // namespace

struct ChatTemplate::Program {
  std::string name;
  std::string source;
  std::vector<Statement> body;
};

ChatTemplate ChatTemplate::load(const std::filesystem::path& model_folder) {
  const std::string jinja = (model_folder / "chat_template.jinja").string();
  if (path_exists(jinja)) {
    return parse(read_file(jinja, kMaxTemplateBytes), jinja);
  }
  std::string file = (model_folder / "chat_template.json").string();
  if (!path_exists(file)) {
    file = (model_folder / "tokenizer_config.json").string();
  }
  const auto root = parse_json(read_file(file, kMaxConfigBytes), file);
  return parse(template_of(root, file), file + ": chat_template");
}

ChatTemplate ChatTemplate::parse(std::string source, const std::string& name) {
  if (source.size() > kMaxTemplateBytes) {
    throw InvalidInput(name + ": " + std::to_string(source.size()) +
                       " bytes; at most " + std::to_string(kMaxTemplateBytes) +
                       " are accepted");
  }
  auto program = std::make_shared<Program>();
  program->name = name;
  program->source = with_unix_newlines(source);
  program->body = parse_template(program->source, name);
  return ChatTemplate(std::move(program));
}

std::string ChatTemplate::render(const std::vector<ChatMessage>& messages,
                                 const ChatOptions& options) const {
  TemplateList list;
  size_t num_text_bytes = 0;
  for (const ChatMessage& message : messages) {
    list.push_back(to_value(message));
    num_text_bytes += message.text.size();
    for (const ChatPart& part : message.parts) {
      num_text_bytes += part.text.size();
    }
  }
  const TemplateDict globals = {
      {"messages", TemplateValue::list(std::move(list))},
      {"add_generation_prompt", {options.add_generation_prompt}},
      {"add_vision_id", {options.add_vision_id}},
      {"tools", {TemplateNone{}}},
      {"documents", {TemplateNone{}}},
  };
  return evaluate_template(program_->body, globals, program_->name,
                           program_->source, num_text_bytes);
}

}  // namespace ume
