#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace ume {

// The longest token with which a text begins. A trie whose edges lie in one
// hash table.
class TokenMatcher {
 public:
  static constexpr uint32_t kNone = 0xFFFFFFFF;
  // Sum of the added tokens' bytes: edges are numbered by node and byte.
  static constexpr size_t kMaxBytes = size_t{1} << 24;

  // total_bytes: of all tokens that will be added, at most kMaxBytes.
  explicit TokenMatcher(size_t total_bytes = 0);

  void add(std::string_view token, uint32_t id);  // not empty
  // kNone where no token matches.
  uint32_t longest(std::string_view text) const;

 private:
  struct Edge {
    uint32_t key = kNone;  // node << 8 | byte
    uint32_t next = 0;
  };
  static size_t hash(uint32_t key) {
    return static_cast<size_t>(key * 0x9E3779B97F4A7C15ull >> 20);
  }
  const Edge& edge(uint32_t key) const {
    size_t slot = hash(key) & mask_;
    while (edges_[slot].key != key && edges_[slot].key != kNone) {
      slot = (slot + 1) & mask_;
    }
    return edges_[slot];
  }

  size_t mask_ = 0;
  std::vector<Edge> edges_;    // a power of two, at most half full
  std::vector<uint32_t> ids_;  // by node: of the token that ends there
};

}  // namespace ume
