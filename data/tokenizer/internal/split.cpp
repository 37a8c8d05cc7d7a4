#include "data/tokenizer/internal/split.h"

#include <utf8proc.h>

#include "common/text/utf8.h"

namespace ume {
namespace {

enum class Class { kLetter, kNumber, kSpace, kNewline, kOther, kEnd };

struct Char {
  Class type = Class::kEnd;
  size_t size = 0;
};

// The White_Space property without \r and \n.
bool is_space(uint32_t c) {
  if (c < 0x80) return c == ' ' || c == '\t' || c == '\v' || c == '\f';
  return c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
         c == 0x202F || c == 0x205F || c == 0x3000;
}

Class classify(uint32_t c) {
  if (c == '\r' || c == '\n') return Class::kNewline;
  if (is_space(c)) return Class::kSpace;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
      return Class::kLetter;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return Class::kNumber;
    default:
      return Class::kOther;
  }
}

Char char_at(std::string_view text, size_t i) {
  if (i >= text.size()) return {};
  const Utf8Char c = next_utf8(text, i);
  return {classify(c.code_point), c.size};
}

// End of the run of characters of class `type` that starts at i.
size_t run_end(std::string_view text, size_t i, Class type) {
  for (Char c = char_at(text, i); c.type == type; c = char_at(text, i)) {
    i += c.size;
  }
  return i;
}

// (?i:'s|'t|'re|'ve|'m|'ll|'d) after the apostrophe: its length in bytes, or
// 0. Case folding also makes U+017F (long s) an s.
size_t contraction_size(std::string_view rest) {
  const auto lower = [&](size_t i) {
    if (i >= rest.size()) return '\0';
    const char c = rest[i];
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  switch (lower(0)) {
    case 's':
    case 't':
    case 'm':
    case 'd':
      return 1;
    case 'r':
    case 'v':
      return lower(1) == 'e' ? 2 : 0;
    case 'l':
      return lower(1) == 'l' ? 2 : 0;
    default:
      return rest.starts_with("\xC5\xBF") ? 2 : 0;
  }
}

// \s*[\r\n]+|\s+(?!\S)|\s+ at a white-space character.
size_t space_end(std::string_view text, size_t begin) {
  size_t end = begin;
  size_t last = begin;       // start of the run's last character
  size_t after_newline = 0;  // end of the run's last \r or \n
  for (Char c = char_at(text, end);
       c.type == Class::kSpace || c.type == Class::kNewline;
       c = char_at(text, end)) {
    last = end;
    end += c.size;
    if (c.type == Class::kNewline) after_newline = end;
  }
  if (after_newline != 0) return after_newline;
  if (end == text.size() || last == begin) return end;
  return last;  // leaves one for the word that follows
}

}  // namespace

size_t next_word_end(std::string_view text, size_t begin) {
  const Char first = char_at(text, begin);
  const size_t second_at = begin + first.size;
  if (text[begin] == '\'') {
    const size_t size = contraction_size(text.substr(second_at));
    if (size != 0) return second_at + size;
  }
  if (first.type == Class::kLetter) {
    return run_end(text, second_at, Class::kLetter);
  }
  if (first.type == Class::kNumber) return second_at;
  const Char second = char_at(text, second_at);
  if (first.type != Class::kNewline && second.type == Class::kLetter) {
    return run_end(text, second_at, Class::kLetter);
  }
  if (first.type == Class::kOther ||
      (text[begin] == ' ' && second.type == Class::kOther)) {
    const size_t end = run_end(text, second_at, Class::kOther);
    return run_end(text, end, Class::kNewline);
  }
  return space_end(text, begin);
}

}  // namespace ume
