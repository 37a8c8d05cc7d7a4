// The texts made from config structs: YAML and schema.
#include <charconv>
#include <nlohmann/json.hpp>

#include "common/config/config.h"

namespace ume {
namespace {

using Json = nlohmann::ordered_json;

bool is_plain_word(const std::string& text) {
  static const std::string kStart =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_/";
  static const std::string kMore = kStart + "0123456789.-";
  static const std::vector<std::string> kMeaningful = {
      "true", "false", "null", "yes", "no", "on", "off", "y", "n"};
  if (text.empty() || kStart.find(text[0]) == std::string::npos ||
      text.find_first_not_of(kMore) != std::string::npos) {
    return false;
  }
  std::string lower = text;
  for (char& c : lower) {
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  for (const std::string& word : kMeaningful) {
    if (lower == word) {
      return false;
    }
  }
  return true;
}

std::string yaml_string(const std::string& text) {
  if (is_plain_word(text)) {
    return text;
  }
  std::string quoted = "\"";
  for (char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (c == '\n') {
      quoted += "\\n";
    } else if (c == '\t') {
      quoted += "\\t";
    } else if (code < 0x20 || code == 0x7f) {
      char escape[8];
      std::snprintf(escape, sizeof(escape), "\\x%02x", code);
      quoted += escape;
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

// The shortest text that reads back to the same number, with a sign that it is
// not a whole one.
std::string yaml_number(double value) {
  char buffer[40];
  const auto result = std::to_chars(buffer, buffer + sizeof(buffer), value);
  std::string text(buffer, result.ptr);
  if (text.find_first_of(".en") == std::string::npos) {
    text += ".0";
  }
  return text;
}

std::string yaml_value(bool value) {
  return value ? "true" : "false";
}
std::string yaml_value(int64_t value) {
  return std::to_string(value);
}
std::string yaml_value(double value) {
  return yaml_number(value);
}
std::string yaml_value(const std::string& value) {
  return yaml_string(value);
}
std::string yaml_value(const std::vector<std::string>& values) {
  std::string text;
  for (const std::string& value : values) {
    text += (text.empty() ? "" : ", ") + yaml_string(value);
  }
  return "[" + text + "]";
}
std::string yaml_value(const std::vector<double>& values) {
  std::string text;
  for (double value : values) {
    text += (text.empty() ? "" : ", ") + yaml_number(value);
  }
  return "[" + text + "]";
}
std::string yaml_value(const std::map<std::string, std::string>& values) {
  std::string text;
  for (const auto& [key, value] : values) {
    text += (text.empty() ? "" : ", ") + yaml_string(key) + ": " +
            yaml_string(value);
  }
  return "{" + text + "}";
}

class YamlWriter {
 public:
  explicit YamlWriter(bool with_help) : with_help_(with_help) {}

  std::string take() { return std::move(text_); }

  void write_section(const ConfigSection& section, size_t indent) {
    for (const ConfigField& field : section.fields) {
      write_help(field.help, indent);
      start_line(indent);
      text_ += field.name + ":";
      std::visit([&](const auto& value) { write(value, indent); }, field.value);
    }
  }

 private:
  template <class T>
  void write(T* const& value, size_t) {
    text_ += " " + yaml_value(*value) + "\n";
  }
  void write(const ConfigSection& section, size_t indent) {
    text_ += section.fields.empty() ? " {}\n" : "\n";
    write_section(section, indent + 2);
  }
  void write(const ConfigList& list, size_t indent) {
    text_ += list.size() == 0 ? " []\n" : "\n";
    for (size_t i = 0; i < list.size(); ++i) {
      const ConfigSection element = list.element(i);
      if (element.fields.empty()) {
        text_ += std::string(indent + 2, ' ') + "- {}\n";
        continue;
      }
      dash_ = true;
      write_section(element, indent + 4);
    }
  }

  // The first key of a list's element stands behind its dash.
  void start_line(size_t indent) {
    if (dash_) {
      text_ += std::string(indent - 2, ' ') + "- ";
      dash_ = false;
    } else {
      text_ += std::string(indent, ' ');
    }
  }

  void write_help(const std::string& help, size_t indent) {
    if (with_help_ && !help.empty()) {
      text_ += std::string(dash_ ? indent - 2 : indent, ' ') + "# ";
      for (char c : help) {
        text_ += c == '\n' ? ' ' : c;
      }
      text_ += "\n";
    }
  }

  const bool with_help_;
  std::string text_;
  bool dash_ = false;
};

Json schema_of(const ConfigSection& section);

Json schema_of_value(bool* value) {
  return {{"type", "boolean"}, {"default", *value}};
}
Json schema_of_value(int64_t* value) {
  return {{"type", "integer"}, {"default", *value}};
}
Json schema_of_value(double* value) {
  return {{"type", "number"}, {"default", *value}};
}
Json schema_of_value(std::string* value) {
  return {{"type", "string"}, {"default", *value}};
}
Json schema_of_value(std::vector<std::string>* value) {
  return {
      {"type", "array"}, {"items", {{"type", "string"}}}, {"default", *value}};
}
Json schema_of_value(std::vector<double>* value) {
  return {
      {"type", "array"}, {"items", {{"type", "number"}}}, {"default", *value}};
}
Json schema_of_value(std::map<std::string, std::string>* value) {
  return {{"type", "object"},
          {"additionalProperties", {{"type", "string"}}},
          {"default", *value}};
}
Json schema_of_value(const ConfigSection& section) {
  return schema_of(section);
}
Json schema_of_value(const ConfigList& list) {
  return {{"type", "array"}, {"items", schema_of(list.default_element())}};
}

Json schema_of(const ConfigSection& section) {
  Json properties = Json::object();
  for (const ConfigField& field : section.fields) {
    Json entry = std::visit(
        [](const auto& value) { return schema_of_value(value); }, field.value);
    if (!field.help.empty()) {
      entry["description"] = field.help;
    }
    properties[field.name] = std::move(entry);
  }
  return {{"type", "object"},
          {"properties", std::move(properties)},
          {"additionalProperties", false}};
}

}  // namespace

std::string dump_yaml(const ConfigSection& section, bool with_help) {
  YamlWriter writer(with_help);
  writer.write_section(section, 0);
  return writer.take();
}

std::string json_schema(const ConfigSection& section,
                        const std::string& title) {
  Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                 {"title", title}};
  schema.update(schema_of(section));
  return schema.dump(2) + "\n";
}

}  // namespace ume
