#include "data/tokenizer/internal/token_matcher.h"

#include "common/error/check.h"

namespace ume {

TokenMatcher::TokenMatcher(size_t total_bytes) : ids_(1, kNone) {
  UME_CHECK(total_bytes <= kMaxBytes, "edges have numbers of 32 bits");
  size_t capacity = 16;
  while (capacity < 2 * total_bytes) capacity *= 2;
  edges_.resize(capacity);
  mask_ = capacity - 1;
}

void TokenMatcher::add(std::string_view token, uint32_t id) {
  uint32_t node = 0;
  for (const char c : token) {
    const uint32_t key = node << 8 | static_cast<uint8_t>(c);
    size_t slot = hash(key) & mask_;
    while (edges_[slot].key != key && edges_[slot].key != kNone) {
      slot = (slot + 1) & mask_;
    }
    if (edges_[slot].key == kNone) {
      edges_[slot] = {key, static_cast<uint32_t>(ids_.size())};
      ids_.push_back(kNone);
    }
    node = edges_[slot].next;
  }
  ids_[node] = id;
}

uint32_t TokenMatcher::longest(std::string_view text) const {
  uint32_t node = 0;
  uint32_t found = kNone;
  for (const char c : text) {
    const Edge& next = edge(node << 8 | static_cast<uint8_t>(c));
    if (next.key == kNone) break;
    node = next.next;
    if (ids_[node] != kNone) found = ids_[node];
  }
  return found;
}

}  // namespace ume
