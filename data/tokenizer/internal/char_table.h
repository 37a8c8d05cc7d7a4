#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace ume {

// A character as the split pattern sees it. kSpace: the White_Space property
// without \r and \n. kEnd: no character, the text is over.
enum class CharClass : uint8_t {
  kLetter,
  kNumber,
  kSpace,
  kNewline,
  kOther,
  kEnd
};

struct ClassifiedChar {
  CharClass type = CharClass::kEnd;
  uint32_t code_point = 0;
  uint32_t size = 0;  // bytes
};

// What the tokenizer asks of a code point, one byte each for all of Unicode;
// made once from utf8proc's tables (Unicode 14), in about 10 ms.
class CharTable {
 public:
  static const CharTable& get();

  CharClass type(uint32_t code_point) const {
    return static_cast<CharClass>(flags_[code_point] & kTypeMask);
  }
  // A text of only such characters is in normalization form C: each is a
  // starter, is its own form C and never joins the character before it.
  bool is_plain(uint32_t code_point) const {
    return (flags_[code_point] & kNotPlain) == 0;
  }
  // The character at text[i]; text: valid UTF-8, i at a character or its end.
  ClassifiedChar at(std::string_view text, size_t i) const;

 private:
  static constexpr uint8_t kTypeMask = 7;
  static constexpr uint8_t kNotPlain = 8;

  CharTable();
  void add(uint32_t code_point);

  std::vector<uint8_t> flags_;  // by code point
};

inline ClassifiedChar CharTable::at(std::string_view text, size_t i) const {
  if (i >= text.size()) return {};
  const auto byte = [&](size_t k) {
    return static_cast<uint32_t>(static_cast<uint8_t>(text[i + k]));
  };
  const uint32_t first = byte(0);
  if (first < 0x80) return {type(first), first, 1};
  uint32_t point = (first & 0x1F) << 6 | (byte(1) & 0x3F);
  uint32_t size = 2;
  if (first >= 0xE0) {
    point = (first & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
    size = 3;
  }
  if (first >= 0xF0) {
    point = (first & 0x07) << 18 | (byte(1) & 0x3F) << 12 |
            (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F);
    size = 4;
  }
  return {type(point), point, size};
}

}  // namespace ume
