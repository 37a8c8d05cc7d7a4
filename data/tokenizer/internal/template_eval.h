#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "data/tokenizer/internal/template_parser.h"
#include "data/tokenizer/internal/template_value.h"

namespace ume {

// Runs a parsed template. `globals` are the names that it may read. Throws
// InvalidInput with name and position where an operation does not fit its
// operands, and where output (64 MiB) or work are out of bounds.
//   num_text_bytes: of the texts in `globals`; more allow more work.
std::string evaluate_template(const std::vector<Statement>& body,
                              const TemplateDict& globals,
                              const std::string& name,
                              std::string_view source,
                              size_t num_text_bytes);

}  // namespace ume
