// Where in a configuration a value that cannot be meant stands.
#include <algorithm>
#include <cctype>
#include <charconv>

#include "common/config/config.h"
#include "common/config/internal/field_path.h"
#include "common/config/internal/yaml_tree.h"
#include "common/error/error.h"

namespace ume {
namespace {

// The dotted name that a message begins with; empty when it begins otherwise.
std::string leading_field(const std::string& message) {
  size_t end = 0;
  while (end < message.size() &&
         (std::isalnum(static_cast<unsigned char>(message[end])) ||
          std::string_view("._[]-").find(message[end]) !=
              std::string_view::npos)) {
    ++end;
  }
  return message.substr(0, end);
}

const YamlNode* child(const YamlNode& node,
                      const std::string& part,
                      int& line) {
  for (const auto& [key, value] : node.entries) {
    if (key.text != part) continue;
    line = key.line;
    return &value;
  }
  size_t index = 0;
  const char* end = part.data() + part.size();
  const auto [stopped, error] = std::from_chars(part.data(), end, index);
  if (error != std::errc() || stopped != end || index >= node.items.size()) {
    return nullptr;
  }
  line = node.items[index].line;
  return &node.items[index];
}

// Of the innermost part of the field that the text holds; 0: none of it.
int line_of(const std::vector<std::string>& parts,
            std::string_view text,
            const std::string& source) {
  const YamlNode root = parse_yaml(text, source);
  const YamlNode* node = &root;
  int line = 0;
  for (const std::string& part : parts) {
    node = child(*node, part, line);
    if (node == nullptr) break;
  }
  return line;
}

bool begins_with(const std::vector<std::string>& parts,
                 const std::vector<std::string>& start) {
  return parts.size() >= start.size() &&
         std::equal(start.begin(), start.end(), parts.begin());
}

std::string place_of(const std::string& message,
                     const std::string& source,
                     std::string_view text,
                     const std::vector<std::string>& overrides) {
  const std::string field = leading_field(message);
  std::vector<std::string> parts;
  try {
    parts = split_field_path(field, source);
  } catch (const ConfigError&) {
    return source;  // the message begins with a sentence
  }
  for (auto at = overrides.rbegin(); at != overrides.rend(); ++at) {
    const std::string name = at->substr(0, at->find('='));
    if (begins_with(parts, split_field_path(name, source))) {
      return "override '" + *at + "'";
    }
  }
  return place(source, line_of(parts, text, source));
}

}  // namespace

std::vector<std::string> split_field_path(const std::string& path,
                                          const std::string& source) {
  std::vector<std::string> parts(1);
  for (char c : path) {
    if (c == '.' || c == '[') {
      parts.emplace_back();
    } else if (c != ']') {
      parts.back().push_back(c);
    }
  }
  for (const std::string& part : parts) {
    if (part.empty()) {
      throw ConfigError(source + ": the key '" + path + "' has an empty part");
    }
  }
  return parts;
}

void validate_as(const std::function<void()>& validate,
                 const std::string& source,
                 std::string_view text,
                 const std::vector<std::string>& overrides) {
  try {
    validate();
  } catch (const ConfigError& error) {
    const std::string where =
        text.empty() && overrides.empty()
            ? source
            : place_of(error.what(), source, text, overrides);
    throw ConfigError(where + ": " + error.what());
  }
}

}  // namespace ume
