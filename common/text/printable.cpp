#include "common/text/printable.h"

#include <cstdio>

#include "common/text/utf8.h"

namespace ume {
namespace {

bool is_shown(uint32_t code_point) {
  const bool control =
      code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0);
  const bool line_end = code_point == 0x2028 || code_point == 0x2029;
  const bool turns = code_point == 0x061c || code_point == 0x200e ||
                     code_point == 0x200f ||
                     (code_point >= 0x202a && code_point <= 0x202e) ||
                     (code_point >= 0x2066 && code_point <= 0x2069);
  return !control && !line_end && !turns;
}

std::string shown(std::string_view text, size_t max_bytes, bool has_lines) {
  std::string out;
  size_t at = 0;
  while (at < text.size()) {
    const Utf8Char next = next_utf8(text, at);
    if (at + next.size > max_bytes) return out + "…";
    const bool is_kept = has_lines && text[at] == '\n';
    if (is_kept || (next.valid && is_shown(next.code_point))) {
      out += text.substr(at, next.size);
    } else {
      out += '?';
    }
    at += next.size;
  }
  return out;
}

}  // namespace

std::string printable(std::string_view text, size_t max_bytes) {
  return shown(text, max_bytes, /*has_lines=*/false);
}

std::string printable_message(std::string_view text) {
  return shown(text, kMaxShownBytes, /*has_lines=*/true);
}

std::string short_number(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%g", value);
  return text;
}

}  // namespace ume
