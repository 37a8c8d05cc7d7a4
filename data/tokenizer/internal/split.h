#pragma once

#include <cstddef>
#include <string_view>

namespace ume {

// The pattern of the Qwen2 family's pre-tokenizer, as tokenizer.json has it.
inline constexpr std::string_view kQwen2Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|)"
    R"( ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

// End of the match of kQwen2Pattern that starts at text[begin]; one always
// does. text: valid UTF-8; begin < text.size(), at a character. Splitting a
// whole text takes time linear in its length.
size_t next_word_end(std::string_view text, size_t begin);

}  // namespace ume
