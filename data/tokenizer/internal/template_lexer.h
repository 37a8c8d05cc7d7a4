#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ume {

enum class TemplateTokenType : uint8_t {
  kText,         // copied to the output
  kOutputBegin,  // {{
  kOutputEnd,    // }}
  kBlockBegin,   // {%
  kBlockEnd,     // %}
  kName,
  kString,   // literal, escapes resolved
  kInteger,  // literal
  kOperator,
  kEnd,  // of the template; always last
};

struct TemplateToken {
  TemplateTokenType type = TemplateTokenType::kEnd;
  std::string text;
  int64_t integer = 0;
  size_t offset = 0;  // into the source, for messages
};

// Where errors are: "NAME, line 3, column 7".
std::string template_position(const std::string& name,
                              std::string_view source,
                              size_t offset);

// Cuts Jinja source into tokens; white space as in transformers' environment
// (trim_blocks, lstrip_blocks, one final newline dropped). source: newlines
// already "\n". Throws InvalidInput with the position for what is not known.
std::vector<TemplateToken> lex_template(std::string_view source,
                                        const std::string& name);

}  // namespace ume
