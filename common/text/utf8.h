#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ume {

// One decoded code point. `size` is the number of bytes consumed (at least 1).
// An ill-formed sequence gives U+FFFD for its maximal invalid prefix, as
// Unicode recommends (section 3.9) and Rust's from_utf8_lossy does.
struct Utf8Char {
  uint32_t code_point = 0;
  uint32_t size = 0;
  bool valid = true;
};

// The character that starts at text[position]; position < text.size().
Utf8Char next_utf8(std::string_view text, size_t position);

// Appends `code_point` (a Unicode scalar value) to `text`.
void append_utf8(std::string& text, uint32_t code_point);

// `text` with U+FFFD for each maximal invalid prefix. Valid text is unchanged.
std::string replace_invalid_utf8(std::string_view text);

// At most so many bytes of it, cut between two characters; U+FFFD for what is
// not UTF-8.
std::string shortened_utf8(std::string_view text, size_t max_bytes);

bool is_valid_utf8(std::string_view text);

// Number of ASCII characters with which `text` begins.
size_t ascii_prefix(std::string_view text);

}  // namespace ume
