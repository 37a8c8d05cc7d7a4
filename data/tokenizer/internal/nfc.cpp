#include "data/tokenizer/internal/nfc.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <vector>

#include "common/error/check.h"
#include "common/text/utf8.h"
#include "data/tokenizer/internal/char_table.h"

namespace ume {
namespace {

constexpr utf8proc_int32_t kBeforeHangulFinals = 0x11A7;

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

using Points = std::vector<utf8proc_int32_t>;

// Changes the range.
void append_composed(std::string& out,
                     Points::iterator begin,
                     Points::iterator end) {
  if (begin == end) return;
  const auto length = utf8proc_normalize_utf32(
      &*begin, end - begin,
      static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  UME_CHECK(length >= 0, "canonical composition");
  for (utf8proc_ssize_t i = 0; i < length; ++i) {
    append_utf8(out, static_cast<uint32_t>(begin[i]));
  }
}

}  // namespace

bool is_surely_nfc(std::string_view text) {
  const CharTable& table = CharTable::get();
  for (size_t i = 0; i < text.size();) {
    const size_t ascii = ascii_prefix(text.substr(i));
    if (ascii > 0) {
      i += ascii;
      continue;
    }
    const ClassifiedChar c = table.at(text, i);
    if (!table.is_plain(c.code_point)) return false;
    i += c.size;
  }
  return true;
}

std::string nfc(std::string_view text) {
  return is_surely_nfc(text) ? std::string(text) : nfc_by_steps(text);
}

std::string nfc_by_steps(std::string_view text) {
  std::vector<utf8proc_int32_t> points = decompose(text);
  order_marks(points);
  std::string out;
  out.reserve(text.size());
  for (auto begin = points.begin(); begin != points.end();) {
    // utf8proc 2.8 takes U+11A7 for a Hangul final and drops it after a
    // syllable. It joins nothing, so what follows it is a text of its own.
    auto end = std::find(begin, points.end(), kBeforeHangulFinals);
    append_composed(out, begin, end);
    if (end != points.end()) {
      append_utf8(out, kBeforeHangulFinals);
      ++end;
    }
    begin = end;
  }
  return out;
}

}  // namespace ume
