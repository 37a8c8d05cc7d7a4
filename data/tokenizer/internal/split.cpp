#include "data/tokenizer/internal/split.h"

#include "data/tokenizer/internal/char_table.h"

namespace ume {
namespace {

// Walks a valid text by classes of characters.
class Scanner {
 public:
  explicit Scanner(std::string_view text)
      : text_(text), table_(CharTable::get()) {}

  ClassifiedChar at(size_t i) const { return table_.at(text_, i); }

  // End of the run of characters of class `type` that starts at i.
  size_t run_end(size_t i, CharClass type) const {
    while (i < text_.size()) {
      const auto byte = static_cast<uint8_t>(text_[i]);
      if (byte < 0x80) {
        if (table_.type(byte) != type) return i;
        ++i;
        continue;
      }
      const ClassifiedChar c = table_.at(text_, i);
      if (c.type != type) return i;
      i += c.size;
    }
    return i;
  }

  // \s*[\r\n]+|\s+(?!\S)|\s+ at a white-space character.
  size_t space_end(size_t begin) const {
    size_t end = begin;
    size_t last = begin;       // start of the run's last character
    size_t after_newline = 0;  // end of the run's last \r or \n
    for (ClassifiedChar c = at(end);
         c.type == CharClass::kSpace || c.type == CharClass::kNewline;
         c = at(end)) {
      last = end;
      end += c.size;
      if (c.type == CharClass::kNewline) after_newline = end;
    }
    if (after_newline != 0) return after_newline;
    if (end == text_.size() || last == begin) return end;
    return last;  // leaves one for the word that follows
  }

 private:
  std::string_view text_;
  const CharTable& table_;
};

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

}  // namespace

size_t next_word_end(std::string_view text, size_t begin) {
  const Scanner scan(text);
  const ClassifiedChar first = scan.at(begin);
  const size_t second_at = begin + first.size;
  if (text[begin] == '\'') {
    const size_t size = contraction_size(text.substr(second_at));
    if (size != 0) return second_at + size;
  }
  if (first.type == CharClass::kLetter) {
    return scan.run_end(second_at, CharClass::kLetter);
  }
  if (first.type == CharClass::kNumber) return second_at;
  const ClassifiedChar second = scan.at(second_at);
  if (first.type != CharClass::kNewline && second.type == CharClass::kLetter) {
    return scan.run_end(second_at + second.size, CharClass::kLetter);
  }
  if (first.type == CharClass::kOther ||
      (text[begin] == ' ' && second.type == CharClass::kOther)) {
    const size_t end = scan.run_end(second_at, CharClass::kOther);
    return scan.run_end(end, CharClass::kNewline);
  }
  return scan.space_end(begin);
}

}  // namespace ume
