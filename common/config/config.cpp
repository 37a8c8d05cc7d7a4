#include "common/config/config.h"

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <filesystem>

#include "common/config/internal/field_path.h"
#include "common/config/internal/yaml_tree.h"
#include "common/config/nearest.h"
#include "common/error/error.h"
#include "common/files/files.h"

namespace ume {
namespace {

std::vector<std::string> names_of(const ConfigSection& section) {
  std::vector<std::string> names;
  for (const ConfigField& field : section.fields) {
    names.push_back(field.name);
  }
  return names;
}

std::string unknown_key(const std::string& key,
                        const std::vector<std::string>& known,
                        const std::string& section) {
  std::string text = "unknown key '" + key + "' ";
  text += section.empty() ? "at the top level" : "in section " + section;
  const std::string nearest = nearest_word(key, known);
  if (!nearest.empty()) {
    return text + "; did you mean '" + nearest + "'?";
  }
  text += "; known:";
  for (const std::string& name : known) {
    text += " " + name;
  }
  return text;
}

std::string joined(const std::string& path, const std::string& name) {
  return path.empty() ? name : path + "." + name;
}

// Puts one YAML value into one field. `path` is the field's dotted name.
class FieldReader {
 public:
  explicit FieldReader(const std::string& source) : source_(source) {}

  void read_section(ConfigSection section,
                    const YamlNode& node,
                    const std::string& path) const {
    if (node.kind == YamlNode::Kind::kNull) {
      return;  // "section:" with everything below it commented out
    }
    if (node.kind != YamlNode::Kind::kMap) {
      wrong_type(node, path, "a section with keys");
    }
    for (const auto& [key, value] : node.entries) {
      read_field(find(section, key, path), value, joined(path, key.text));
    }
  }

  void read_field(ConfigField& field,
                  const YamlNode& node,
                  const std::string& path) const {
    std::visit([&](auto& target) { read(target, node, path); }, field.value);
  }

  ConfigField& find(ConfigSection& section,
                    const YamlNode& key,
                    const std::string& path) const {
    for (ConfigField& field : section.fields) {
      if (field.name == key.text) {
        return field;
      }
    }
    fail(key, unknown_key(key.text, names_of(section), path));
  }

  [[noreturn]] void fail(const YamlNode& node, const std::string& what) const {
    throw ConfigError(place(source_, node.line) + ": " + what);
  }

 private:
  [[noreturn]] void wrong_type(const YamlNode& node,
                               const std::string& path,
                               const std::string& expected) const {
    fail(node, (path.empty() ? "" : path + ": ") + "expected " + expected +
                   ", found " + describe_node(node));
  }

  void read(bool* target, const YamlNode& node, const std::string& path) const {
    const bool plain = node.kind == YamlNode::Kind::kScalar && !node.quoted;
    if (!plain || (node.text != "true" && node.text != "false")) {
      wrong_type(node, path, "true or false");
    }
    *target = node.text == "true";
  }

  template <class Number>
  void read_number(Number* target,
                   const YamlNode& node,
                   const std::string& path,
                   const char* expected) const {
    const char* end = node.text.data() + node.text.size();
    Number value{};
    if (node.kind != YamlNode::Kind::kScalar || node.quoted) {
      wrong_type(node, path, expected);
    }
    const auto result = std::from_chars(node.text.data(), end, value);
    if (result.ec != std::errc() || result.ptr != end) {
      wrong_type(node, path, expected);
    }
    *target = value;
  }
  void read(int64_t* target,
            const YamlNode& node,
            const std::string& path) const {
    read_number(target, node, path, "a whole number");
  }
  void read(double* target,
            const YamlNode& node,
            const std::string& path) const {
    double value = 0.0;
    read_number(&value, node, path, "a number");
    if (!std::isfinite(value)) {
      wrong_type(node, path, "a finite number");
    }
    *target = value;
  }

  void read(std::string* target,
            const YamlNode& node,
            const std::string& path) const {
    if (node.kind != YamlNode::Kind::kScalar) {
      wrong_type(node, path, "a string");
    }
    *target = node.text;
  }

  void read(std::vector<std::string>* target,
            const YamlNode& node,
            const std::string& path) const {
    read_list(target, node, path, "a list of strings");
  }
  void read(std::vector<double>* target,
            const YamlNode& node,
            const std::string& path) const {
    read_list(target, node, path, "a list of numbers");
  }
  template <class Item>
  void read_list(std::vector<Item>* target,
                 const YamlNode& node,
                 const std::string& path,
                 const char* expected) const {
    if (node.kind != YamlNode::Kind::kList) wrong_type(node, path, expected);
    std::vector<Item> values(node.items.size());
    for (size_t i = 0; i < values.size(); ++i) {
      read(&values[i], node.items[i], path + "[" + std::to_string(i) + "]");
    }
    *target = std::move(values);
  }

  void read(std::map<std::string, std::string>* target,
            const YamlNode& node,
            const std::string& path) const {
    if (node.kind != YamlNode::Kind::kMap) {
      wrong_type(node, path, "a map of strings");
    }
    std::map<std::string, std::string> values;
    for (const auto& [key, value] : node.entries) {
      read(&values[key.text], value, joined(path, key.text));
    }
    *target = std::move(values);
  }

  void read(ConfigSection& section,
            const YamlNode& node,
            const std::string& path) const {
    read_section(section, node, path);
  }

  void read(ConfigList& list,
            const YamlNode& node,
            const std::string& path) const {
    if (node.kind != YamlNode::Kind::kList) {
      wrong_type(node, path, "a list of sections");
    }
    list.resize(0);  // the old elements do not show through
    list.resize(node.items.size());
    for (size_t i = 0; i < node.items.size(); ++i) {
      const std::string element = path + "[" + std::to_string(i) + "]";
      if (node.items[i].kind == YamlNode::Kind::kNull) {
        wrong_type(node.items[i], element, "a section with keys");
      }
      read_section(list.element(i), node.items[i], element);
    }
  }

  const std::string& source_;
};

YamlNode key_node(const std::string& text) {
  YamlNode node;
  node.kind = YamlNode::Kind::kScalar;
  node.text = text;
  return node;
}

// Follows an override's path from a section down to its field.
class OverrideWalker {
 public:
  OverrideWalker(const std::string& source, std::vector<std::string> parts)
      : source_(source), reader_(source_), parts_(std::move(parts)) {}

  void assign(ConfigSection section, const YamlNode& value) {
    const std::string name = parts_[next_++];
    ConfigField& field = reader_.find(section, key_node(name), walked_);
    walked_ = joined(walked_, name);
    if (next_ == parts_.size()) {
      reader_.read_field(field, value, walked_);
    } else if (auto* inner = std::get_if<ConfigSection>(&field.value)) {
      assign(*inner, value);
    } else if (auto* list = std::get_if<ConfigList>(&field.value)) {
      assign_element(*list, value);
    } else if (auto* map = std::get_if<std::map<std::string, std::string>*>(
                   &field.value)) {
      assign_entry(**map, value);
    } else {
      throw ConfigError(source_ + ": " + walked_ + " has no keys below it");
    }
  }

 private:
  void assign_element(ConfigList& list, const YamlNode& value) {
    const std::string text = parts_[next_++];
    size_t index = 0;
    const char* end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, index);
    if (result.ec != std::errc() || result.ptr != end || index >= list.size()) {
      throw ConfigError(source_ + ": " + walked_ + " has " +
                        std::to_string(list.size()) +
                        " elements, counted from 0; found '" + text + "'");
    }
    walked_ += "[" + text + "]";
    if (next_ == parts_.size()) {
      reader_.read_section(list.element(index), value, walked_);
    } else {
      assign(list.element(index), value);
    }
  }

  void assign_entry(std::map<std::string, std::string>& map,
                    const YamlNode& value) {
    std::string key = parts_[next_];
    for (size_t i = next_ + 1; i < parts_.size(); ++i) {
      key += "." + parts_[i];  // a map's keys may hold dots
    }
    ConfigField entry{key, "", &map[key]};
    reader_.read_field(entry, value, joined(walked_, key));
  }

  const std::string source_;
  const FieldReader reader_;
  const std::vector<std::string> parts_;
  size_t next_ = 0;
  std::string walked_;
};

}  // namespace

void apply_yaml(ConfigSection section,
                std::string_view text,
                const std::string& source) {
  FieldReader(source).read_section(std::move(section), parse_yaml(text, source),
                                   "");
}

void apply_override(ConfigSection section, const std::string& assignment) {
  const std::string source = "override '" + assignment + "'";
  const size_t equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw ConfigError(source + ": expected key=value");
  }
  YamlNode value = parse_yaml(assignment.substr(equals + 1), source, false);
  if (equals + 1 == assignment.size()) {
    value = key_node("");  // "name=" empties a text
    value.quoted = true;
  }
  OverrideWalker(source, split_field_path(assignment.substr(0, equals), source))
      .assign(std::move(section), value);
}

std::string read_config_text(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    throw ConfigError(path + ": no such configuration file");
  }
  try {
    return read_file_or_pipe(path, uint64_t{1} << 20);
  } catch (const Error& failure) {
    throw ConfigError(failure.what());
  }
}

}  // namespace ume
