#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ume {

struct YamlEntry;

// A parsed YAML value with the places it came from. Aliases are expanded.
struct YamlNode {
  enum class Kind { kNull, kScalar, kList, kMap };
  Kind kind = Kind::kNull;
  int line = 0;         // 1-based; 0: no lines (an override)
  bool quoted = false;  // a scalar written in quotes: always a string
  std::string text;     // of a scalar
  std::vector<YamlNode> items;
  std::vector<YamlEntry> entries;  // of a map
};

struct YamlEntry {
  YamlNode key;  // a scalar
  YamlNode value;
};

// "a list", "a map", "nothing" or "'TEXT'", for messages.
std::string describe_node(const YamlNode& node);

// "SOURCE:LINE", or SOURCE alone for line 0.
std::string place(const std::string& source, int line);

// One document; an empty text is kNull. Throws ConfigError (see apply_yaml).
//   with_lines: false leaves all lines 0.
YamlNode parse_yaml(std::string_view text,
                    const std::string& source,
                    bool with_lines = true);

}  // namespace ume
