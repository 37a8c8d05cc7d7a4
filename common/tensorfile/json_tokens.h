#pragma once

#include <cstddef>
#include <string>
#include <string_view>

// The JSON library copies a token several times over, to parse it and to quote
// it in its message, before anybody sees it.
namespace ume {

// Refuses a JSON text that has more than 64 bytes without a break outside of
// quotes (no number needs them), or more than `max_run_bytes` inside of quotes
// or of white space. Throws InvalidInput, naming `where`.
void check_json_tokens(std::string_view json,
                       size_t max_run_bytes,
                       const std::string& where);

}  // namespace ume
