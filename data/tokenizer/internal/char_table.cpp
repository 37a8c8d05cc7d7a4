#include "data/tokenizer/internal/char_table.h"

#include <utf8proc.h>

#include <array>

#include "common/error/check.h"

namespace ume {
namespace {

constexpr uint32_t kNumCodePoints = 0x110000;

bool is_space(uint32_t c) {
  if (c < 0x80) return c == ' ' || c == '\t' || c == '\v' || c == '\f';
  return c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
         c == 0x202F || c == 0x205F || c == 0x3000;
}

CharClass classify(uint32_t c) {
  if (c == '\r' || c == '\n') return CharClass::kNewline;
  if (is_space(c)) return CharClass::kSpace;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
      return CharClass::kLetter;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return CharClass::kNumber;
    default:
      return CharClass::kOther;
  }
}

}  // namespace

const CharTable& CharTable::get() {
  static const CharTable table;
  return table;
}

CharTable::CharTable()
    : flags_(kNumCodePoints, static_cast<uint8_t>(CharClass::kOther)) {
  // Planes 4 to 13 hold nothing, 15 and 16 private use: all plain kOther.
  for (uint32_t c = 0; c < 0x40000; ++c) add(c);
  for (uint32_t c = 0xE0000; c < 0xF0000; ++c) add(c);
}

// A character joins the one before it only where it ends that one's canonical
// decomposition, so those ends (Hangul's vowels and finals too) are not plain.
void CharTable::add(uint32_t c) {
  const auto point = static_cast<utf8proc_int32_t>(c);
  flags_[c] = static_cast<uint8_t>((flags_[c] & kNotPlain) |
                                   static_cast<uint8_t>(classify(c)));
  const utf8proc_property_t* property = utf8proc_get_property(point);
  if (property->combining_class != 0) flags_[c] |= kNotPlain;
  std::array<utf8proc_int32_t, 16> parts;  // the longest has 4
  const auto count = utf8proc_decompose_char(
      point, parts.data(), parts.size(),
      static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE),
      nullptr);
  if (count < 0) return;  // surrogates
  UME_CHECK(count <= static_cast<int>(parts.size()),
            "canonical decomposition of one character");
  if (count == 1 && parts[0] == point) return;
  for (utf8proc_ssize_t i = 1; i < count; ++i) {
    flags_[static_cast<size_t>(parts[static_cast<size_t>(i)])] |= kNotPlain;
  }
  const auto length = utf8proc_normalize_utf32(
      parts.data(), count,
      static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  if (length != 1 || parts[0] != point) flags_[c] |= kNotPlain;
}

}  // namespace ume
