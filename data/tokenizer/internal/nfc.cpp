#include "data/tokenizer/internal/nfc.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <vector>

#include "common/error/check.h"
#include "common/text/utf8.h"

namespace ume {
namespace {

int combining_class(utf8proc_int32_t code_point) {
  return utf8proc_get_property(code_point)->combining_class;
}

// Canonical decomposition, not yet in canonical order.
std::vector<utf8proc_int32_t> decompose(std::string_view text) {
  std::vector<utf8proc_int32_t> out;
  out.reserve(text.size() / 2);
  std::array<utf8proc_int32_t, 16> parts;  // the longest has 4
  for (size_t i = 0; i < text.size();) {
    const Utf8Char c = next_utf8(text, i);
    i += c.size;
    const auto count = utf8proc_decompose_char(
        static_cast<utf8proc_int32_t>(c.code_point), parts.data(), parts.size(),
        static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE),
        nullptr);
    UME_CHECK(count >= 0 && count <= static_cast<int>(parts.size()),
              "canonical decomposition of one character");
    out.insert(out.end(), parts.begin(), parts.begin() + count);
  }
  return out;
}

// utf8proc's own ordering takes quadratic time on long runs of marks.
void order_marks(std::vector<utf8proc_int32_t>& points) {
  const auto by_class = [](utf8proc_int32_t a, utf8proc_int32_t b) {
    return combining_class(a) < combining_class(b);
  };
  for (auto it = points.begin(); it != points.end();) {
    if (combining_class(*it) == 0) {
      ++it;
      continue;
    }
    const auto end = std::find_if(it, points.end(), [](auto point) {
      return combining_class(point) == 0;
    });
    std::stable_sort(it, end, by_class);
    it = end;
  }
}

}  // namespace

bool is_surely_nfc(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0xCC;  // U+0300 is CC 80
  });
}

std::string nfc(std::string_view text) {
  if (is_surely_nfc(text)) return std::string(text);
  std::vector<utf8proc_int32_t> points = decompose(text);
  order_marks(points);
  const auto length = utf8proc_normalize_utf32(
      points.data(), static_cast<utf8proc_ssize_t>(points.size()),
      static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  UME_CHECK(length >= 0, "canonical composition");
  std::string out;
  out.reserve(text.size());
  for (utf8proc_ssize_t i = 0; i < length; ++i) {
    append_utf8(out, static_cast<uint32_t>(points[i]));
  }
  return out;
}

}  // namespace ume
