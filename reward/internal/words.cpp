#include "reward/internal/words.h"

#include <algorithm>

namespace ume {
namespace {

constexpr size_t kMaxWordBytes = 64;

bool is_alnum(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9');
}

unsigned char lower(unsigned char c) {
  return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

// FNV-1a.
uint64_t hash(std::string_view word) {
  uint64_t h = 14695981039346656037ULL;
  for (const unsigned char c : word) h = (h ^ lower(c)) * 1099511628211ULL;
  return h;
}

// Bytes of the word that begins at `at`; 0 when none does.
size_t word_length(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) {
    return static_cast<unsigned char>(text[i]);
  };
  size_t end = at + 1;
  if (byte(at) >= 0x80) {
    while (end < text.size() && end < at + 4 && (byte(end) & 0xc0) == 0x80) {
      ++end;
    }
    return end - at;
  }
  if (!is_alnum(byte(at))) return 0;
  while (end < text.size() && end < at + kMaxWordBytes && is_alnum(byte(end))) {
    ++end;
  }
  return end - at;
}

}  // namespace

std::vector<uint64_t> hashed_words(std::string_view text, size_t most) {
  std::vector<uint64_t> words;
  for (size_t at = 0; at < text.size() && words.size() < most;) {
    const size_t length = word_length(text, at);
    if (length > 0) words.push_back(hash(text.substr(at, length)));
    at += std::max<size_t>(length, 1);
  }
  return words;
}

}  // namespace ume
