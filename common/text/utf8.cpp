#include "common/text/utf8.h"

#include <cstring>

namespace ume {
namespace {

constexpr uint32_t kReplacement = 0xFFFD;

struct Lead {
  uint32_t num_continuations = 0;  // 0: not a lead byte of a longer sequence
  uint32_t bits = 0;
  uint8_t second_min = 0x80;  // range of the second byte: excludes overlong
  uint8_t second_max = 0xBF;  // forms, surrogates and values > U+10FFFF
};

Lead classify(uint8_t byte) {
  if (byte >= 0xC2 && byte <= 0xDF) return {1, byte & 0x1Fu, 0x80, 0xBF};
  if (byte == 0xE0) return {2, 0, 0xA0, 0xBF};
  if (byte == 0xED) return {2, 0xD, 0x80, 0x9F};
  if (byte >= 0xE1 && byte <= 0xEF) return {2, byte & 0xFu, 0x80, 0xBF};
  if (byte == 0xF0) return {3, 0, 0x90, 0xBF};
  if (byte >= 0xF1 && byte <= 0xF3) return {3, byte & 0x7u, 0x80, 0xBF};
  if (byte == 0xF4) return {3, 4, 0x80, 0x8F};
  return {};
}

}  // namespace

Utf8Char next_utf8(std::string_view text, size_t position) {
  const auto first = static_cast<uint8_t>(text[position]);
  if (first < 0x80) return {first, 1, true};
  const Lead lead = classify(first);
  if (lead.num_continuations == 0) return {kReplacement, 1, false};
  uint32_t value = lead.bits;
  for (uint32_t i = 1; i <= lead.num_continuations; ++i) {
    if (position + i >= text.size()) return {kReplacement, i, false};
    const auto byte = static_cast<uint8_t>(text[position + i]);
    const uint8_t low = i == 1 ? lead.second_min : 0x80;
    const uint8_t high = i == 1 ? lead.second_max : 0xBF;
    if (byte < low || byte > high) return {kReplacement, i, false};
    value = (value << 6) | (byte & 0x3Fu);
  }
  return {value, lead.num_continuations + 1, true};
}

void append_utf8(std::string& text, uint32_t c) {
  if (c < 0x80) {
    text += static_cast<char>(c);
  } else if (c < 0x800) {
    text += static_cast<char>(0xC0 | (c >> 6));
    text += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    text += static_cast<char>(0xE0 | (c >> 12));
    text += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    text += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    text += static_cast<char>(0xF0 | (c >> 18));
    text += static_cast<char>(0x80 | ((c >> 12) & 0x3F));
    text += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    text += static_cast<char>(0x80 | (c & 0x3F));
  }
}

std::string replace_invalid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const Utf8Char c = next_utf8(text, i);
    if (c.valid) {
      out.append(text.substr(i, c.size));
    } else {
      append_utf8(out, kReplacement);
    }
    i += c.size;
  }
  return out;
}

std::string shortened_utf8(std::string_view text, size_t max_bytes) {
  std::string out = replace_invalid_utf8(text.substr(0, max_bytes + 4));
  if (out.size() <= max_bytes && text.size() <= max_bytes) return out;
  size_t size = std::min(out.size(), max_bytes);
  // Not before a byte that goes on with a character.
  while (size > 0 && size < out.size() &&
         (static_cast<uint8_t>(out[size]) & 0xC0) == 0x80) {
    --size;
  }
  out.resize(size);
  return out;
}

bool is_valid_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    if (static_cast<uint8_t>(text[i]) < 0x80) {
      i += ascii_prefix(text.substr(i));
      continue;
    }
    const Utf8Char c = next_utf8(text, i);
    if (!c.valid) return false;
    i += c.size;
  }
  return true;
}

size_t ascii_prefix(std::string_view text) {
  size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    uint64_t eight;
    std::memcpy(&eight, text.data() + i, 8);
    if ((eight & 0x8080808080808080ull) != 0) break;
  }
  while (i < text.size() && static_cast<uint8_t>(text[i]) < 0x80) ++i;
  return i;
}

}  // namespace ume
