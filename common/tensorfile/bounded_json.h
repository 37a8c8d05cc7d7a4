#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace ume {

struct JsonLimits {
  size_t max_bytes = 64u << 20;
  int max_depth = 32;
  // In quotes, or of white space. The parser takes eight times as much.
  size_t max_text_bytes = 8u << 20;
  // What the values may take beyond the text's own size: three bytes of text
  // can be a value of fifty.
  size_t spare_memory = 56u << 20;
};

// Parses a JSON text from outside. Throws InvalidInput, naming `where`, when
// the text is too long or too deep, holds too many values or too long ones, is
// not JSON (or not UTF-8), or has the same key twice in one object.
nlohmann::json parse_json(std::string_view text,
                          const std::string& where,
                          const JsonLimits& limits = {});

// The same for a regular file. Throws IoError when it cannot be read.
nlohmann::json read_json_file(const std::string& path,
                              const JsonLimits& limits = {});

}  // namespace ume
